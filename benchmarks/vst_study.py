"""Comparison of forms and weights of L_VST for two networks, on photos31; settings are chosen on its validation split.

    python benchmarks/vst_study.py search --network squeezenet1-1 --seeds 0 1 2 --jobs 14 --out study.jsonl
    python benchmarks/vst_study.py final  --network squeezenet1-1 --seeds 0 1 2 3 4 --split test --out final.jsonl \
        --settings smt standardize:0.1
    python benchmarks/vst_study.py table study.jsonl

A setting is ``cam``, ``smt`` or ``form:weight`` with a form from ``FORMS``. Each run trains the localizer once with
mmengine's Runner and this package's configs; runs that are already in --out are not repeated. The metrics are
MaxBoxAccV2 and GT-known at threshold 0.2, of both the ACAM score map and the predicted class's map, and top-1
classification.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config
from mmengine.registry import HOOKS, TRANSFORMS
from mmengine.runner import Runner
from torch import multiprocessing

from sltnet_mm.hooks import VSTHook

# The base recipe of each network: its CAM config with L_SMT (K = 5 of 31 classes, alpha = 0.4).
BASES = {
    'squeezenet1-1': 'configs/localizer/cam_squeezenet1-1_1xb16-4e_photos31.py',
    'efficientnet-lite0': 'configs/localizer/cam_efficientnet-lite0_1xb16-12e_photos31.py',
}
SMT = dict(_delete_=True, type='sltnet_mm.SMTLoss', top_k=5, alpha=0.4)
# Forms of L_VST, as arguments of StudyHook. Weights are tried in factors of about three.
FORMS: dict[str, dict[str, Any]] = {
    'raw': dict(normalization='none'),
    'raw-sum': dict(normalization='none', reduction='class_sum'),
    'raw-detached': dict(normalization='none', detach_original=True),
    'standardize': dict(normalization='standardize'),
    'standardize-detached': dict(normalization='standardize', detach_original=True),
    'class-minmax': dict(normalization='class_minmax'),
    'acam-minmax': dict(normalization='class_minmax', top_k=5),
    'acam-standardize': dict(normalization='standardize', top_k=5),
    'batch-std': dict(normalization='batch_std'),
    'fixed-scale': dict(normalization='none', fixed_scale=77),
    'relative': dict(normalization='none', relative_to='loss_smt'),
    'warm-up': dict(normalization='none', warm_up=154),
}
SEARCH = {
    'squeezenet1-1': {
        'raw': (0.003, 0.01, 0.03, 0.1, 0.3, 1),
        'raw-detached': (0.03, 0.1),
        'standardize': (0.03, 0.1, 0.3, 1, 3),
        'standardize-detached': (0.1, 1),
        'class-minmax': (0.3, 1, 3, 10),
        'acam-minmax': (0.3, 1, 3),
        'acam-standardize': (0.1, 0.3, 1, 3),
        'batch-std': (0.03, 0.1, 0.3),
        'fixed-scale': (0.01, 0.03, 0.1, 0.3, 1),
        'relative': (0.03, 0.1, 0.3, 1),
        'warm-up': (0.03, 0.1, 0.3),
    },
    'efficientnet-lite0': {
        'raw': (0.01, 0.1, 1),
        'standardize': (0.1, 0.3, 1, 3),
        'class-minmax': (1, 10),
        'acam-standardize': (0.3, 1),
        'fixed-scale': (0.03, 0.1, 0.3),
        'relative': (0.1, 0.3, 1),
    },
}


@TRANSFORMS.register_module()
class CachedImage(LoadImageFromFile):
    """A loader that decodes each image once per process; photos31 fits into memory."""

    decoded: dict[str, Any] = {}

    def transform(self, results: dict) -> dict:
        """Load the image, or copy it from the cache."""
        path = results['img_path']
        if path not in self.decoded:
            self.decoded[path] = super().transform(dict(results))
        loaded = self.decoded[path]
        results.update({key: loaded[key] for key in ('img_shape', 'ori_shape')}, img=loaded['img'].copy())
        return results


@HOOKS.register_module()
class StudyHook(VSTHook):
    """VSTHook with candidate options that were not adopted.

    Args:
        fixed_scale: Number of iterations without L_VST, during which the variance of the maps is averaged; afterwards
            the loss is divided by it. 0: off. Defaults to 0.
        relative_to: Name of a loss; in every iteration L_VST is scaled to its size, without gradient through the
            factor. Defaults to None.
        warm_up: Number of iterations over which the weight grows linearly. Defaults to 0.
        **options: Arguments of VSTHook.
    """

    def __init__(self, fixed_scale: int = 0, relative_to: str | None = None, warm_up: int = 0, **options) -> None:
        super().__init__(**options)
        self.fixed_scale, self.relative_to, self.warm_up = fixed_scale, relative_to, warm_up
        self.iterations, self.variance = 0, 0.0

    def _add_loss(self, module, args, kwargs, outputs):
        losses = super()._add_loss(module, args, kwargs, outputs)
        if losses is None:
            return None
        self.iterations += 1
        loss = losses[self.loss_name]
        if self.fixed_scale and self.iterations <= self.fixed_scale:
            self.variance = self.variance + self._last_maps.float().var() / self.fixed_scale
            loss = loss * 0
        elif self.fixed_scale:
            loss = loss / self.variance
        if self.relative_to:
            loss = loss * (self.weight * losses[self.relative_to].detach() / loss.detach().clamp(min=1e-12))
        if self.warm_up:
            loss = loss * min(1, self.iterations / self.warm_up)
        return {**losses, self.loss_name: loss}


def study_config(network: str, setting: str, seed: int, split: str, options: dict) -> Config:
    """The config of one run: ``cam`` (cross-entropy), ``smt`` (no L_VST), or ``form:weight``."""
    cfg = Config.fromfile(BASES[network])
    if setting != 'cam':
        cfg.merge_from_dict(dict(model=dict(head=dict(loss=SMT, top_k=None))))
    form, _, weight = setting.partition(':')
    if weight:
        cfg.custom_hooks = [dict(type='StudyHook', cam_layer='head.cam', weight=float(weight), **FORMS[form])]
    elif setting not in ('cam', 'smt'):
        raise ValueError(f'setting must be cam, smt or FORM:WEIGHT with a form from {sorted(FORMS)}, got {setting!r}')
    cfg.merge_from_dict(options)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.num_workers, loader.persistent_workers = 0, False
        loader.dataset.pipeline[0] = dict(type='CachedImage')
    if split == 'val':
        cfg.test_dataloader = cfg.val_dataloader
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    cfg.test_evaluator = dict(
        type='sltnet_mm.LocalizationMetric',
        protocols=[
            'sltnet',
            dict(base='sltnet', name='sltnet-top-1', map='top_1'),
            dict(base='wsolevaluation-v2', name='v2', map='top_k'),
            dict(base='wsolevaluation-v2', name='v2-top-1', map='top_1'),
        ],
    )
    cfg.default_hooks.checkpoint = None
    del cfg.default_hooks['checkpoint_fit']  # the runner loads no checkpoint
    cfg.randomness = dict(seed=seed)
    cfg.log_level = 'ERROR'
    cfg.experiment_name = f'{network}-{setting}-{seed}-{time.time_ns()}'
    cfg.work_dir = str(Path('work_dirs/vst_study') / f'{os.getpid()}')
    return cfg


def run(network: str, setting: str, seed: int, split: str, options: dict) -> dict:
    """Train and test one setting; the result has the metrics."""
    started = time.perf_counter()
    runner = Runner.from_cfg(study_config(network, setting, seed, split, options))
    runner.train()
    seconds = time.perf_counter() - started
    numbers = {key: float(value) for key, value in runner.test().items()}
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu'
    return dict(
        network=network,
        setting=setting,
        seed=seed,
        split=split,
        options=options,
        v2=numbers['map/v2/max_box_acc_v2'],
        v2_top_1=numbers['map/v2-top-1/max_box_acc_v2'],
        gt_known=numbers['map/sltnet/gt_known'],
        gt_known_top_1=numbers['map/sltnet-top-1/gt_known'],
        mean_iou=numbers['map/sltnet/mean_iou'],
        top1_cls=numbers['cls/top1'],
        seconds=round(seconds, 1),
        device=device,
        torch=torch.__version__,
    )


def work(tasks, out: str) -> None:
    """Run tasks until the queue ends, and append each result as a line to a file."""
    torch.set_num_threads(1)
    while (task := tasks.get()) is not None:
        try:
            result = run(*task)
        except Exception as error:  # one failed run must not end the study; its line has the error
            result = dict(zip(('network', 'setting', 'seed', 'split', 'options'), task, strict=True), error=repr(error))
        with open(out, 'a') as file:
            file.write(json.dumps(result) + '\n')
        print(json.dumps({key: result[key] for key in result if key not in ('options', 'device', 'torch')}), flush=True)


def table(results: list[dict]) -> str:
    """The results as a Markdown table: mean (and each seed) per setting, highest MaxBoxAccV2 first."""
    settings = defaultdict(list)
    for result in results:
        if 'error' not in result:
            settings[result['network'], result['setting'], json.dumps(result['options']), result['split']].append(
                result
            )
    lines = [
        '| network | setting | split | seeds | V2 | GT-known | V2, top-1 map | GT-known, top-1 map | Top-1 CLS |',
        '|---|---|---|---|---|---|---|---|---|',
    ]
    for (network, setting, options, split), runs in sorted(
        settings.items(), key=lambda item: (item[0][0], -mean(r['v2'] for r in item[1]))
    ):
        runs.sort(key=lambda r: r['seed'])
        cells = [
            f'{mean(r[key] for r in runs):.1f} ({", ".join(f"{r[key]:.1f}" for r in runs)})'
            for key in ('v2', 'gt_known', 'v2_top_1', 'gt_known_top_1', 'top1_cls')
        ]
        label = setting if options == '{}' else f'{setting} {options}'
        lines.append(f'| {network} | {label} | {split} | {len(runs)} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=('search', 'final', 'table'))
    parser.add_argument('files', nargs='*', help='result files, for table')
    parser.add_argument('--network', choices=sorted(BASES), default='squeezenet1-1')
    parser.add_argument('--settings', nargs='+', help='cam, smt or FORM:WEIGHT (default: the complete search)')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument('--split', choices=('val', 'test'), default='val', help='split to evaluate on')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='options of the base config')
    parser.add_argument('--jobs', type=int, default=1, help='number of processes')
    parser.add_argument('--out', default='vst_study.jsonl', help='result file, one line per run; its runs are skipped')
    args = parser.parse_args()
    if args.what == 'table':
        print(table([json.loads(line) for name in args.files for line in Path(name).read_text().splitlines()]))
        return
    options = {}
    for pair in args.cfg_options:
        key, _, value = pair.partition('=')
        options[key] = json.loads(value)
    settings = args.settings or ['cam', 'smt'] + [
        f'{form}:{weight}' for form, weights in SEARCH[args.network].items() for weight in weights
    ]
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    known = {(r['network'], r['setting'], r['seed'], r['split'], json.dumps(r['options'])) for r in done if 'v2' in r}
    tasks = [
        (args.network, setting, seed, args.split, options)
        for seed in args.seeds
        for setting in settings
        if (args.network, setting, seed, args.split, json.dumps(options)) not in known
    ]
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    for task in tasks:
        queue.put(task)
    workers = [context.Process(target=work, args=(queue, args.out)) for _ in range(min(args.jobs, len(tasks)))]
    for worker in workers:
        queue.put(None)
        worker.start()
    for worker in workers:
        worker.join()
    print(table([json.loads(line) for line in out.read_text().splitlines()]))


if __name__ == '__main__':
    main()
