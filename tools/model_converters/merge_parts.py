#!/usr/bin/env python
"""Merge a separately trained classifier into an SLT-Net checkpoint, so that one file is enough for test and inference.

Runner.test() ignores init_cfg when it is given a checkpoint, so without this step the classifier would stay random.

    python tools/model_converters/merge_parts.py SLT_CHECKPOINT --classifier CLASSIFIER_CHECKPOINT --out MERGED
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sltnet_mm.trust import add_trust_argument


def main() -> None:
    """Merge the checkpoints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='checkpoint of SLTNet (localizer and regressor)')
    parser.add_argument('--classifier', type=Path, required=True, help='checkpoint of the classifier')
    parser.add_argument('--out', type=Path, required=True, help='merged checkpoint to write')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    add_trust_argument(parser)
    args = parser.parse_args()
    if args.out.exists() and not args.overwrite:
        parser.error(f'--out: {args.out} already exists. Use another name, or --overwrite to replace it')
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from sltnet_mm.weights.checkpoints import merge_parts

    print(
        f'{merge_parts(args.checkpoint, args.classifier, args.out)} parameters of the classifier written into '
        f'{args.out}'
    )


if __name__ == '__main__':
    main()
