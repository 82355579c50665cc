#!/usr/bin/env python
"""Step time and peak memory of the paper's four backbones, as a Markdown table.

    python benchmarks/backbones.py [--backbones vgg16 ...] [--kinds cam slt-localizer slt-net] [--batch 16]
        [--steps 10] [--device cpu|cuda]

A step is mmengine's complete ``train_step`` of the CUB config (normalization, forward, L_VST if the config has it,
backward, optimizer) with random weights, on random uint8 images of the config's size that are already in memory. Times
are medians after two warm-up steps. Peak memory is that of torch's allocator on a GPU; on the CPU it is that of a
separate process per row, including the program itself.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import resource
import statistics
import time
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import HOOKS, MODELS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from train_step import RunnerLike, without_weights

CONFIGS = Path(__file__).parents[1] / 'configs'
BACKBONES = ('vgg16', 'inceptionv3', 'resnet50', 'densenet161')
KINDS = {'cam': 'localizer', 'slt-localizer': 'localizer', 'slt-net': 'slt_net'}
WARM_UP = 2


def measure(kind: str, backbone: str, batch: int, steps: int, device: str) -> dict[str, float]:
    """Seconds per step, peak memory in MiB, parameters in millions, and the side of the images."""
    cfg = Config.fromfile(CONFIGS / KINDS[kind] / f'{kind}_{backbone}_1xb16-4e_cub.py')
    MMLogger.get_current_instance().setLevel('WARNING')
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = cfg.env_cfg.cudnn_benchmark
    model = MODELS.build(without_weights(cfg.model.to_dict())).to(device).train()
    wrapper = Runner.build_optim_wrapper(RunnerLike(model), cfg.optim_wrapper.to_dict())
    for hook in cfg.get('custom_hooks', []):
        HOOKS.build(hook).before_train(RunnerLike(model))
    side = cfg.test_pipeline[1].resize
    images = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8, device=device)
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(WARM_UP + steps):
        samples = [
            DataSample(metainfo=dict(img_shape=(side, side), ori_shape=(side, side))).set_gt_label(i)
            for i in range(batch)
        ]
        start = time.perf_counter()
        model.train_step(dict(inputs=list(images), data_samples=samples), wrapper)
        if device == 'cuda':
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    if device == 'cuda':
        memory = torch.cuda.max_memory_allocated() / 2**20
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parameters = sum(value.numel() for value in model.parameters()) / 1e6
    return dict(seconds=statistics.median(times[WARM_UP:]), memory=memory, parameters=parameters, side=side)


def alone(*settings) -> dict[str, float]:
    """The result of ``measure`` in a separate process, because peak memory on the CPU is that of a process."""
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(measure, settings)


def main() -> None:
    """Measure and print row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--backbones', nargs='+', choices=BACKBONES, default=BACKBONES)
    parser.add_argument('--kinds', nargs='+', choices=list(KINDS), default=list(KINDS))
    parser.add_argument('--batch', type=int, default=16)
    parser.add_argument('--steps', type=int, default=10)
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cuda' if torch.cuda.is_available() else 'cpu')
    args = parser.parse_args()
    device = torch.cuda.get_device_name() if args.device == 'cuda' else f'CPU, {torch.get_num_threads()} threads'
    print(f'{device}, torch {torch.__version__}, batch {args.batch}, median of {args.steps} steps\n')
    print('| backbone | training | images | parameters (M) | s / step | images / s | peak memory (GiB) |')
    print('|---|---|---|---|---|---|---|', flush=True)
    for backbone in args.backbones:
        for kind in args.kinds:
            row = (measure if args.device == 'cuda' else alone)(kind, backbone, args.batch, args.steps, args.device)
            gc.collect()  # model and hooks form reference cycles, which would count in the next row's peak
            if args.device == 'cuda':
                torch.cuda.empty_cache()
            print(
                f'| {backbone} | {kind} | {row["side"]} | {row["parameters"]:.1f} | {row["seconds"]:.3f} '
                f'| {args.batch / row["seconds"]:.1f} | {row["memory"] / 1024:.2f} |',
                flush=True,
            )


if __name__ == '__main__':
    main()
