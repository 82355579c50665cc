"""The command ``sltnet-boxes``: its arguments, and the two things that it does."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import DictAction

from sltnet_mm.labeling.plan import CONFIGS
from sltnet_mm.threads import wait_without_spinning

_FORMATS = ('coco', 'yolo', 'voc', 'labelme', 'csv', 'label-studio', 'cvat')
_ABOUT = """Boxes for a folder of photographs, from class labels alone.

    sltnet-boxes PHOTOGRAPHS --out RESULT
    sltnet-boxes apply-review RESULT review.json

PHOTOGRAPHS has one folder of images per class, or annotations.csv with the columns image,label[,split,x1,y1,x2,y2].
RESULT gets boxes.json (COCO), boxes.csv, review.html, report.html, pictures, and config.py for all other tools.
An interrupted run goes on where it was when it is started again."""


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``sltnet-boxes PHOTOGRAPHS``."""
    parser = argparse.ArgumentParser(
        'sltnet-boxes', description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('photographs', type=Path, metavar='PHOTOGRAPHS', help='folder of images')
    parser.add_argument('--out', type=Path, required=True, metavar='RESULT', help='folder of the results')
    parser.add_argument('--network', choices=sorted(CONFIGS), help='default: chosen, and said why')
    parser.add_argument('--weights', type=Path, help="file of pretrained weights (default: the network's download)")
    parser.add_argument('--epochs', type=int, help='default: chosen by the number of images')
    parser.add_argument('--seed', type=int, default=0, help='random seed (default: %(default)s)')
    parser.add_argument('--device', help='cpu or cuda (default: cuda if there is a GPU)')
    parser.add_argument('--export', nargs='+', choices=_FORMATS, default=[], metavar='FORMAT', help=', '.join(_FORMATS))
    parser.add_argument('--check-only', action='store_true', help='check the photographs, show the plan, and stop')
    parser.add_argument('--overwrite', action='store_true', help='replace the results of other settings in RESULT')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the config: key=value, lists as key="[a,b]" without spaces',
    )
    return parser


def review_parser() -> argparse.ArgumentParser:
    """The parser of ``sltnet-boxes apply-review``."""
    parser = argparse.ArgumentParser(
        'sltnet-boxes apply-review',
        description='Merge a review into the boxes of a run: RESULT/boxes.reviewed.json',
    )
    parser.add_argument('result', type=Path, metavar='RESULT', help='folder of the results')
    parser.add_argument('review', type=Path, metavar='REVIEW', help='file that the page review.html saved')
    parser.add_argument('--only-reviewed', action='store_true', help='leave out boxes that were not reviewed')
    parser.add_argument('--export', nargs='+', choices=_FORMATS, default=[], metavar='FORMAT', help=', '.join(_FORMATS))
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier boxes.reviewed.json and exports')
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; an error of the user is one message, without a traceback.

    Args:
        arguments: As on the command line. None: those of this process.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ['apply-review']:
        return _told(lambda: _review(review_parser().parse_args(given[1:])))
    args = make_parser().parse_args(given)
    if args.epochs is not None and args.epochs < 1:
        make_parser().error(f'--epochs must be at least 1, got {args.epochs}')
    return _told(lambda: _boxes(args))


def _boxes(args: argparse.Namespace) -> None:
    wait_without_spinning()  # before torch is imported: the loaders' processes want the cores too
    print('importing torch, mmengine, mmdet, mmpretrain ...', flush=True)
    from sltnet_mm.report.environment import import_hosts  # imported here: --help must not wait for torch

    import_hosts()
    from sltnet_mm.labeling.run import Run

    Run(
        args.photographs,
        args.out,
        network=args.network,
        weights=args.weights,
        epochs=args.epochs,
        seed=args.seed,
        device=args.device,
        exports=args.export,
        overwrite=args.overwrite,
        cfg_options=args.cfg_options,
    ).execute(check_only=args.check_only)


def _review(args: argparse.Namespace) -> None:
    from sltnet_mm.labeling.run import merge_review

    merge_review(args.result, args.review, args.only_reviewed, args.export, args.overwrite)


def _told(work) -> int:
    try:
        work()
    except (ValueError, FileNotFoundError, FileExistsError, ConnectionError, ImportError) as error:
        print(f'sltnet-boxes: {error}', file=sys.stderr)
        return 2
    except OSError as error:
        print(f'sltnet-boxes: {error.strerror or error}: {error.filename or "the results"}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('sltnet-boxes: interrupted. The same command goes on from here', file=sys.stderr)
        return 130
    return 0


def read_boxes(result: Path) -> dict:
    """The boxes of a run.

    Raises:
        FileNotFoundError: If the folder has none.
    """
    path = result / 'boxes.json'
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist: {result} is no finished result of sltnet-boxes')
    return json.loads(path.read_text(encoding='utf-8'))
