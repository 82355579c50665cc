#!/usr/bin/env python
"""Show what the network sees: python tools/analysis_tools/browse_dataset.py CONFIG [--data-root FOLDER].

Writes one picture per split, with one row per image: first the original image with its evaluation boxes (white; orange
for boxes that are not evaluated) and mask (yellow object, teal ignored pixels), then the output of the split's pipeline
with the transformed boxes. Training images are drawn several times, without boxes unless they are pseudo boxes (red).
Ten crops are shown side by side.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import Config

from sltnet_mm.command_line import add_common_arguments, add_overwrite_argument, config_of_args, refuse_existing
from sltnet_mm.structures.atomic_write import atomic_write


def _splits_with_images(cfg: Config) -> list[str]:
    """The splits of the config that have images, all but the first of which may be empty; prints the empty ones."""
    from sltnet_mm.datasets.base import EmptySplitError
    from sltnet_mm.registry import DATASETS

    found = []
    for split in ('train', 'val', 'test'):
        if cfg.get(f'{split}_dataloader') is None:
            continue
        try:
            DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        except EmptySplitError as error:
            if split == 'train':
                raise
            print(f'{split}: {error}')
        else:
            found.append(split)
    return found


def main() -> None:
    """Draw the splits and write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(parser, processes=False)
    parser.add_argument('--splits', nargs='+', choices=('train', 'val', 'test'), help='default: those that have images')
    parser.add_argument('--number', type=int, default=6, help='images per split (default: %(default)s)')
    parser.add_argument('--draws', type=int, default=3, help='draws per training image (default: %(default)s)')
    parser.add_argument('--side', type=int, default=240, help='largest height of an image (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='random seed (default: %(default)s)')
    parser.add_argument('--out', type=Path, help='folder for the pictures (default: the work directory)')
    add_overwrite_argument(parser)
    args = parser.parse_args()
    for name in ('number', 'draws', 'side'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    import mmcv
    from mmengine.registry import init_default_scope

    from sltnet_mm.visualization.browse import browse

    cfg = config_of_args(args)
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')  # files in _base_/datasets have none
    splits = args.splits or _splits_with_images(cfg)
    paths = {split: (args.out or Path(cfg.work_dir)) / f'browse_{split}.png' for split in splits}
    for path in paths.values():
        refuse_existing(parser, args.overwrite, {'--out': path})
    for split, path in paths.items():
        if cfg.get(f'{split}_dataloader') is None:
            print(f'{split}: the config has no {split}_dataloader')
            continue
        picture = browse(cfg, split, args.number, args.draws, args.side, args.seed)
        with atomic_write(path) as partial:
            mmcv.imwrite(picture[..., ::-1], str(partial))
        print(f'{split}: {path}')


if __name__ == '__main__':
    main()
