#!/usr/bin/env python
"""Train SLT-Net and a plain CAM on the embedded data and write a report that compares them.

    python tools/demo.py        # or: make demo

Complete logs are in OUT/<step>/<timestamp>/. Every run starts from the beginning.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from sltnet_mm.threads import wait_without_spinning


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=0, help='seed of weights and shuffling; images do not change')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), help='default: %(default)s')
    parser.add_argument('--epochs', type=int, help="number of epochs, instead of the configs'")
    parser.add_argument('--images', type=int, help='number of images per split, for a quick try without real results')
    args = parser.parse_args()
    for name in ('epochs', 'images'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    return args


if __name__ == '__main__':
    wait_without_spinning()
    ARGS = parse_args()  # before the imports, which take ten seconds or more the first time
    print('importing torch, mmengine, mmdet, mmpretrain ...', flush=True)

import mmcv  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.structures import BaseDataElement  # noqa: E402

from sltnet_mm import report as rp  # noqa: E402
from sltnet_mm.visualization import picture_grid  # noqa: E402
from sltnet_mm.weights.checkpoints import merge_parts  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PLAIN_CAM = 'localizer/cam_squeezenet1-1-s8_1xb16-2e_synthetic.py'
SLT_NET = 'slt_net/slt-net_squeezenet1-1-s8_1xb16-2e_synthetic.py'
JOINED = 'slt_net/slt-net-joined_squeezenet1-1-s8_1xb16-2e_synthetic.py'
METRIC = dict(type='sltnet_mm.LocalizationMetric', protocols=('sltnet', 'wsolevaluation-v2'))
COLUMNS = ('image', 'plain CAM', 'SLT-Net localizer', 'SLT-Net regressor')
POOL = 192  # test images that are compared for the pictures; the classes alternate
GAINS, LOSSES, FIRST = 6, 3, 3  # rows of pictures: the largest gains, the largest losses, the first images
SUMMARY = (
    'Objects located by networks that were trained on image labels only, compared with ground-truth boxes. All start '
    'from ImageNet weights. Plain CAM is a classifier whose class map is thresholded. SLT-Net trains a localizer with '
    'a loss that tolerates confusion with similar classes and with consistency under image transforms; at the same '
    'time, the boxes from its maps train a regressor. Its labels are those of the plain classifier. All numbers and '
    'pictures are from the run described at the end.'
)
PICTURE_NOTE = (
    f'Of the first {POOL} test images: the {GAINS} where the regressor gains most IoU over plain CAM, the {LOSSES} '
    f'where it loses most, and the first {FIRST} others, whatever their result. White: ground-truth box. Red: '
    'predicted box. Colors: score map, from dark blue (0) to yellow (1).'
)


def config_of(name: str, step: str, args: argparse.Namespace) -> Config:
    """A config, changed by the arguments."""
    cfg = rp.prepare_config(CONFIGS / name, args.out / step, args.seed, args.epochs)
    cfg.train_cfg.val_interval = cfg.train_cfg.max_epochs + 1  # never: the test follows at once
    if args.images:
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
            loader.dataset.num_images = args.images
    return cfg


def train(cfg: Config) -> rp.QuietRunner:
    """The runner of a config, after training."""
    runner = rp.QuietRunner.from_cfg(cfg)
    runner.register_hook(rp.EpochLineHook())
    runner.train()
    return runner


def test(runner: rp.QuietRunner) -> tuple[dict[str, float], list[BaseDataElement]]:
    """The metrics of a test, and its predictions for the first ``POOL`` images."""
    first = rp.FirstPredictionsHook(POOL)
    runner.register_hook(first)
    return runner.test(), first.samples


def last_checkpoint(runner: rp.QuietRunner) -> Path:
    """The checkpoint of the last epoch."""
    return Path(runner.work_dir) / f'epoch_{runner.max_epochs}.pth'


def result_rows(cam: Mapping[str, float], slt: Mapping[str, float]) -> list[rp.ResultRow]:
    """The rows of the table, from the metrics of the two test runs."""
    return [
        rp.result_row('Plain CAM', 'box from the map of the predicted class, labels from CAM', cam, 'map'),
        rp.result_row('SLT-Net localizer', 'box from the averaged map, labels from the classifier', slt, 'map'),
        rp.result_row('SLT-Net regressor', 'box from the regressor, labels from the classifier', slt, 'box'),
        rp.result_row('Center box', 'half of the image, no network; labels from the classifier', slt, 'center'),
    ]


def verdict(rows: Sequence[rp.ResultRow], num_images: int) -> list[str]:
    """Sentences about the table; the first one says so if SLT-Net does not win."""
    cam, localizer, regressor, center = rows
    best = rp.best_row(rows)
    sentences = [
        rp.compare(regressor, cam, num_images),
        rp.compare(localizer, cam, num_images),
        rp.compare(regressor, center, num_images),
        rp.compare(regressor, cam, num_images, 'top1_loc'),
    ]
    if best not in (localizer, regressor):
        sentences.insert(0, f'SLT-Net does not win this run: "{best.name}" has the best GT-known.')
    return sentences


def chosen_pictures(gains: Sequence[float]) -> list[tuple[int, str]]:
    """Index and reason of the images to show: largest gains, largest losses, and the first ones."""
    order = sorted(range(len(gains)), key=lambda index: -gains[index])
    best = [(index, f'gain {gains[index]:+.2f}') for index in order[:GAINS] if gains[index] > 0]
    worst = [(index, f'loss {gains[index]:+.2f}') for index in order[::-1][:LOSSES] if gains[index] < 0]
    shown = {index for index, _ in best + worst}
    rest = [index for index in range(len(gains)) if index not in shown][:FIRST]
    return best + worst + [(index, 'not selected') for index in rest]


def picture_rows(cam: Sequence[BaseDataElement], slt: Sequence[BaseDataElement], classes: Sequence[str]) -> list[list]:
    """One row of tiles per image shown, with the columns of ``COLUMNS``."""
    pairs = list(zip(cam, slt, strict=True))
    gains = [rp.sample_overlap(of_slt, 'box') - rp.sample_overlap(of_cam, 'map') for of_cam, of_slt in pairs]
    rows = []
    for index, reason in chosen_pictures(gains):
        of_cam, of_slt = pairs[index]
        tiles = rp.ImageTiles(of_slt, classes)
        truth = tiles.truth()
        truth = rp.Tile(truth.image, (*truth.caption, reason))
        rows.append([truth, tiles.score_map(of_cam), tiles.score_map(of_slt), tiles.box(of_slt)])
    return rows


def main(args: argparse.Namespace) -> None:
    """Run the four steps."""
    rp.import_hosts()
    steps = rp.StepTimer(4)
    with steps('plain CAM: train and test'):
        cfg = config_of(PLAIN_CAM, 'plain_cam', args)
        cfg.test_evaluator = dict(METRIC, sources=('map',))
        cam = train(cfg)
        cam_metrics, cam_samples = test(cam)
    with steps('SLT-Net: train localizer and regressor together'):
        slt_net = train(config_of(SLT_NET, 'slt_net', args))
    with steps('SLT-Net: join the classifier, test'):
        cfg = config_of(JOINED, 'slt_net_joined', args)
        cfg.load_from = str(args.out / 'slt_net_joined.pth')
        merge_parts(last_checkpoint(slt_net), last_checkpoint(cam), cfg.load_from)
        cfg.test_evaluator = dict(METRIC, sources=('map', 'box'), baselines=('center',))
        joined = rp.QuietRunner.from_cfg(cfg)
        slt_metrics, slt_samples = test(joined)
    with steps('report and pictures'):
        dataset = joined.test_dataloader.dataset
        rows = result_rows(cam_metrics, slt_metrics)
        sentences = verdict(rows, len(dataset))
        pictures = picture_rows(cam_samples, slt_samples, dataset.metainfo['classes'])
        grid = picture_grid(
            [[(tile.image, (name, *tile.caption)) for name, tile in zip(COLUMNS, row, strict=True)] for row in pictures]
        )
        mmcv.imwrite(grid[..., ::-1], str(args.out / 'pictures.png'))
        changed = [f'{name} {getattr(args, name)}' for name in ('epochs', 'images') if getattr(args, name)]
        facts = {
            'Configs': ', '.join((PLAIN_CAM, SLT_NET, JOINED)),
            'Changes to them': ', '.join(changed) or 'none',
            'Seed': str(args.seed),
            'Test images': f'{len(dataset)} of {len(dataset.metainfo["classes"])} classes',
            **rp.environment_facts(next(joined.model.parameters()).device),
            'Time': steps.summary(),
        }
        runs = {'Plain CAM': cam, 'SLT-Net': slt_net}
        page = rp.write_report(
            rp.Report(
                title='SLT-Net on the embedded data',
                summary=(SUMMARY,),
                rows=rows,
                table_notes=sentences,
                picture_note=PICTURE_NOTE,
                columns=COLUMNS,
                pictures=pictures,
                curves={name: rp.read_losses(rp.run_folder(run)) for name, run in runs.items()},
                facts=facts,
            ),
            args.out / 'report.html',
        )
    cost = f'{steps.elapsed():.0f} s, peak memory {rp.peak_memory():.2f} GB'
    print(
        '\n'.join(
            [
                '',
                rp.text_table(rows),
                '',
                *sentences,
                '',
                cost,
                f'report: {page}',
                f'pictures: {args.out / "pictures.png"}',
            ]
        )
    )


if __name__ == '__main__':
    main(ARGS)
