#!/usr/bin/env python
"""Rename torchvision's own checkpoint file to mmpretrain's names, for the configs of this package.

    python tools/model_converters/torchvision_to_mmpretrain.py vgg16-397923af.pth vgg16 --out data/weights/vgg16.pth
    SLTNET_VGG16=data/weights/vgg16.pth python tools/train.py configs/slt_net/slt-net_vgg16_1xb16-4e_cub.py

Every parameter must find its place, or nothing is written. torchvision's InceptionV3 was trained on images scaled to
[-1, 1]: with its weights set model.data_preprocessor mean and std to 127.5 (torchvision does so by transform_input).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from sltnet_mm.weights.checkpoints import state_dict_of
from sltnet_mm.weights.torchvision_names import NETWORKS, to_mmpretrain


def main() -> None:
    """Parse, rename, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help="torchvision's file")
    parser.add_argument('network', choices=NETWORKS, help="torchvision's name of the network")
    parser.add_argument('--out', type=Path, required=True, help='the renamed file')
    parser.add_argument('--overwrite', action='store_true', help='replace --out where it exists')
    args = parser.parse_args()
    if not args.checkpoint.is_file():
        parser.error(f'checkpoint {args.checkpoint} does not exist')
    if args.out.exists() and not args.overwrite:
        parser.error(f'{args.out} exists; --overwrite replaces it')
    weights = state_dict_of(torch.load(args.checkpoint, map_location='cpu', weights_only=True))
    renamed = to_mmpretrain(weights, args.network)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=renamed, meta=dict(source=args.checkpoint.name, network=args.network)), args.out)
    print(f'{args.out}: {len(renamed)} tensors of {args.network}, none left over')


if __name__ == '__main__':
    main()
