#!/usr/bin/env python
"""The cost of weak labels: the same mmdet detector trained on a localizer's pseudo boxes and on ground-truth boxes.

    python benchmarks/detector_from_labels.py --checkpoint 'work_dirs/localizer-seed{seed}/epoch_4.pth'
        [--localizer CONFIG] [--seeds 0 1 2] [--jobs 6] [--workers 2] [--cfg-options KEY=VALUE ...]

Writes the ground-truth boxes of photos31's splits and each checkpoint's pseudo boxes of the training images, trains
both detectors in configs/detector once per seed with mmdet's tools/train.py (--jobs at a time, without validation),
tests them with mmdet's tools/test.py on the ground-truth boxes of the test images, and prints a table. Commands are
printed as they run. All files go to --work-dir; a detector already tested there is not trained again. Tests run on the
CPU unless --test-device cuda is given, which needs mmcv's operators compiled for CUDA; training does not need them.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mmdet
import torch

from sltnet_mm.functional.boxes import box_iou

ROOT = Path(__file__).parents[1]
MMDET_TOOLS = Path(mmdet.__file__).parent / '.mim/tools'  # the place in mmdet's wheel
LOCALIZER = 'configs/localizer/cam_squeezenet1-1_1xb16-4e_photos31.py'
DETECTOR = 'configs/detector/rtmdet-{boxes}-boxes_squeezenet1-1_1xb16-24e_photos31.py'
KINDS = ('pseudo', 'true')
NO_VALIDATION = ('val_cfg=None', 'val_dataloader=None', 'val_evaluator=None')  # validation needs mmcv's operators
NUMBERS = {'AP': 'coco/bbox_mAP', 'AP50': 'coco/bbox_mAP_50', 'highest box right': 'box/sltnet/gt_known'}


def parse_args() -> argparse.Namespace:
    """The command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--localizer', default=LOCALIZER, help='config of the localizer (default: %(default)s)')
    parser.add_argument('--checkpoint', required=True, help='checkpoint of the localizer; {seed} is replaced')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--jobs', type=int, default=6, help='parallel training runs (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=2, help='loader processes per run (default: %(default)s)')
    parser.add_argument('--test-device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/detector_from_labels'))
    parser.add_argument('--cfg-options', nargs='+', default=[], help='additional options for training and test')
    return parser.parse_args()


def run(command: list, log: Path, threads: int, gpu: bool = True) -> float:
    """Run a command with its output in a log file; the result is its time in seconds. Exit if the command fails."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    environment['PYTHONPATH'] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))
    if not gpu:
        environment['CUDA_VISIBLE_DEVICES'] = ''
    line = [sys.executable, *map(str, command)]
    print(f'{"" if gpu else "CUDA_VISIBLE_DEVICES= "}{shlex.join(["python", *line[1:]])}', flush=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with log.open('w') as output:
        code = subprocess.run(line, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=environment).returncode
    if code:
        raise SystemExit(f'The command failed with exit status {code}; {log} ends with\n{log.read_text()[-3000:]}')
    return time.perf_counter() - start


def write_boxes(args: argparse.Namespace) -> dict[str, Path]:
    """Write all json files; the result maps 'true' and each checkpoint to a file with boxes of the training images."""
    folder = args.work_dir / 'boxes'
    converter = 'tools/dataset_converters/localization_to_coco.py'
    for split in ('train', 'test'):
        out = folder / f'true_{split}.json'
        run([converter, args.localizer, '--split', split, '--out', out, '--overwrite'], folder / f'{split}.log', 1)
    files = dict(true=folder / 'true_train.json')
    for seed in args.seeds:
        checkpoint = args.checkpoint.format(seed=seed)
        if checkpoint not in files:
            files[checkpoint] = folder / f'pseudo_train_seed{seed}.json'
            command = ['tools/generate_pseudo_boxes.py', args.localizer, checkpoint, '--out', files[checkpoint]]
            run([*command, '--overwrite'], files[checkpoint].with_suffix('.log'), os.cpu_count() or 1)
    return files


def train(args: argparse.Namespace, kind: str, seed: int, boxes: Path) -> dict[str, float]:
    """Train and test one detector, or read its results if it was tested before."""
    config, folder = DETECTOR.format(boxes=kind), args.work_dir / f'{kind}-seed{seed}'
    done = folder / 'numbers.json'
    if done.exists():
        return json.loads(done.read_text())
    options = [f'randomness.seed={seed}', f'train_dataloader.dataset.ann_file={boxes}']
    options += [f'train_dataloader.num_workers={args.workers}', *NO_VALIDATION]
    seconds = run(
        [MMDET_TOOLS / 'train.py', config, '--work-dir', folder, '--cfg-options', *options, *args.cfg_options],
        folder / 'train.log',
        1,
    )
    truth = args.work_dir / 'boxes/true_test.json'
    options = [f'test_dataloader.dataset.ann_file={truth}', f'test_evaluator.0.ann_file={truth}']
    checkpoint = Path((folder / 'last_checkpoint').read_text().strip())
    command = [MMDET_TOOLS / 'test.py', config, checkpoint, '--work-dir', folder / 'test', '--cfg-options', *options]
    run([*command, *args.cfg_options], folder / 'test.log', 2, gpu=args.test_device == 'cuda')
    newest = max((folder / 'test').glob('*/*.json'), key=lambda path: path.stat().st_mtime)
    numbers = json.loads(newest.read_text())
    shares = {name: numbers[key] * (100 if key.startswith('coco') else 1) for name, key in NUMBERS.items()}
    result = dict(shares, minutes=seconds / 60)
    done.write_text(json.dumps(result))
    return result


def quality(boxes: Path, truth: Path) -> tuple[float, float]:
    """Mean IoU of pseudo and ground-truth boxes (one per image), and the share above 0.5, both in percent."""
    corners = []
    for path in (boxes, truth):
        content = json.loads(path.read_text())
        names = {image['id']: image['file_name'] for image in content['images']}
        corners.append({names[one['image_id']]: one['bbox'] for one in content['annotations']})
    ious = []
    for name, (x, y, width, height) in corners[1].items():
        if name in corners[0]:
            px, py, pwidth, pheight = corners[0][name]
            pair = torch.tensor([[px, py, px + pwidth, py + pheight], [x, y, x + width, y + height]])
            ious.append(float(box_iou(pair[:1], pair[1:])))
        else:
            ious.append(0.0)
    return 100 * statistics.mean(ious), 100 * statistics.mean(iou > 0.5 for iou in ious)


def main() -> None:
    """Run everything and print the table."""
    args = parse_args()
    files = write_boxes(args)
    runs = [(kind, seed) for seed in args.seeds for kind in KINDS]
    sources = {
        (kind, seed): files['true' if kind == 'true' else args.checkpoint.format(seed=seed)] for kind, seed in runs
    }
    with ThreadPoolExecutor(args.jobs) as pool:
        results = dict(zip(runs, pool.map(lambda one: train(args, *one, sources[one]), runs), strict=True))
    print('\nPseudo boxes and ground truth of the training images (mean IoU, share above 0.5, in %):')
    for path in dict.fromkeys(sources['pseudo', seed] for seed in args.seeds):
        print('  {}: {:.1f}, {:.1f}'.format(path.name, *quality(path, files['true'])))
    print(f'\n| trained on | {" | ".join(NUMBERS)} | minutes per training run, {args.jobs} in parallel |')
    print('|---' * (len(NUMBERS) + 2) + '|')
    for kind in KINDS:
        cells = []
        for name in NUMBERS:
            values = [results[kind, seed][name] for seed in args.seeds]
            cells.append(f'{statistics.mean(values):.1f} ({", ".join(f"{value:.1f}" for value in values)})')
        minutes = statistics.mean(results[kind, seed]['minutes'] for seed in args.seeds)
        print(f'| {kind} boxes | {" | ".join(cells)} | {minutes:.1f} |')


if __name__ == '__main__':
    main()
