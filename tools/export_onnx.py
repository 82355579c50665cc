#!/usr/bin/env python
"""Write a trained model as an ONNX file, for programs without Python.

    python tools/export_onnx.py CONFIG CHECKPOINT --out boxes.onnx
    python tools/export_onnx.py CONFIG CHECKPOINT --out maps.onnx --part localizer

Parts: inference (box in pixels of the original image, label, scores), localizer (class maps, logits), regressor (box in
pixels of the network input). The batch size is free. docs/onnx.md has an example of use.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sltnet_mm.command_line import add_overwrite_argument, refuse_existing
from sltnet_mm.trust import add_trust_argument


def main() -> None:
    """Export the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint of an SLT-Net, a localizer or a regressor')
    parser.add_argument('--out', type=Path, required=True, help='ONNX file to write')
    parser.add_argument(
        '--part', choices=('inference', 'localizer', 'regressor'), default='inference', help='default: %(default)s'
    )
    parser.add_argument(
        '--box-from',
        choices=('auto', 'localizer', 'regressor'),
        default='auto',
        help='the part of an SLT-Net that gives the box; auto: what training chose, as in SLTInferencer (default)',
    )
    parser.add_argument(
        '--threshold', type=float, help="share of the score map's maximum (default: from the config, or else 0.2)"
    )
    parser.add_argument(
        '--no-score', action='store_true', help="leave out the boxes' scores, which take longer than the boxes"
    )
    add_overwrite_argument(parser)
    add_trust_argument(parser)
    args = parser.parse_args()
    refuse_existing(parser, args.overwrite, {'--out': args.out})
    # Imported here: torch and the hosts take seconds, and --help must not wait for them.
    from sltnet_mm.export import export_onnx
    from sltnet_mm.inferencer import SLTInferencer

    try:
        inferencer = SLTInferencer(
            args.config, args.checkpoint, device='cpu', threshold=args.threshold, box_from=args.box_from
        )
        written = export_onnx(inferencer, args.out, args.part, score=not args.no_score)
    except (ValueError, FileNotFoundError, ImportError) as error:
        parser.error(str(error))
    size = args.out.stat().st_size / 2**20
    print(f'{written["part"]} written to {args.out}: {size:.1f} MB, opset {written["opset"]}, any batch size')


if __name__ == '__main__':
    main()
