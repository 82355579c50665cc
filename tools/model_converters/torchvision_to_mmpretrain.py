#!/usr/bin/env python
"""Rename the parameters in a torchvision checkpoint to mmpretrain's names, for the configs of this package.

    python tools/model_converters/torchvision_to_mmpretrain.py vgg16-397923af.pth vgg16 --out data/weights/vgg16.pth
    SLTNET_VGG16=data/weights/vgg16.pth python tools/train.py configs/slt_net/slt-net_vgg16_1xb16-4e_cub.py

If a parameter has no counterpart, nothing is written. torchvision's InceptionV3 was trained on images scaled to [-1, 1]
(torchvision does this with transform_input), so set mean and std of model.data_preprocessor to 127.5 for its weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Convert the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='checkpoint of torchvision')
    parser.add_argument('network', help='name of the network in torchvision, such as vgg16')
    parser.add_argument('--out', type=Path, required=True, help='file to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        parser.error(f'checkpoint: the file {args.checkpoint} does not exist')
    if args.out.exists() and not args.overwrite:
        parser.error(f'--out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    import torch

    from sltnet_mm.weights.checkpoints import state_dict_of
    from sltnet_mm.weights.torchvision_names import NETWORKS, to_mmpretrain

    if args.network not in NETWORKS:
        parser.error(f'network must be one of {list(NETWORKS)}, got {args.network!r}')
    weights = state_dict_of(torch.load(args.checkpoint, map_location='cpu', weights_only=True))
    renamed = to_mmpretrain(weights, args.network)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=renamed, meta=dict(source=args.checkpoint.name, network=args.network)), args.out)
    print(f'{len(renamed)} tensors of {args.network} written to {args.out}')


if __name__ == '__main__':
    main()
