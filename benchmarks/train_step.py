#!/usr/bin/env python
"""The cost of a joint SLT-Net training step relative to its bare network passes, as a ratio, in one run.

    python benchmarks/train_step.py [--config CONFIG] [--batch 16] [--rounds 30] [--device cpu|cuda]

The SLT-Net step is mmengine's complete ``train_step`` with the config's VSTHook. The bare passes use the same modules
and optimizer: localizer forward on the images and on images of the view's size, regressor forward on the images, the
sum of the outputs as loss, backward, optimizer step. The two alternate round by round, on images that are already
loaded. Peak memory is that of three steps of one kind in a separate process, by torch's allocator on a GPU.
"""

from __future__ import annotations

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import HOOKS, MODELS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import Tensor

CONFIG = Path(__file__).parents[1] / 'configs/slt_net/slt-net_squeezenet1-1_1xb16-4e_photos31.py'
VIEW_SCALE = 0.875  # the default of the Scale view


def build(config: str, device: str) -> tuple[torch.nn.Module, torch.optim.Optimizer, object]:
    """The model with random weights, its optimizer from the config, and its VSTHook, ready to act."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(without_weights(copy.deepcopy(cfg.model.to_dict()))).to(device).train()
    with torch.no_grad():  # maps with contrast, so that components are about as large as a trained localizer's
        model.localizer.head.cam.weight.normal_(std=0.1)
    wrapper = Runner.build_optim_wrapper(RunnerLike(model), cfg.optim_wrapper.to_dict())
    hook = HOOKS.build(cfg.custom_hooks[0])
    hook.before_train(RunnerLike(model))
    return model, wrapper, hook


class RunnerLike:
    """The part of a runner that building an optimizer and preparing a hook need."""

    hooks: list = []

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model


def without_weights(part: dict) -> dict:
    """The model config without weights to load; changed in place."""
    for value in part.values():
        if isinstance(value, dict):
            without_weights(value)
    for key in ('checkpoint', 'init_cfg'):
        if part.get(key) is not None:
            part[key] = None
    return part


def slt_step(model: torch.nn.Module, wrapper: OptimWrapper, data: dict) -> None:
    """One complete training step."""
    model.train_step(data, wrapper)


def bare_step(model: torch.nn.Module, wrapper: OptimWrapper, images: Tensor, view: Tensor) -> None:
    """The same network passes and nothing else; the modules are called directly, so no forward hook fires."""
    localizer, regressor = model.localizer, model.regressor
    loss = localizer.head(localizer.extract_feat(images)).sum() + localizer.head(localizer.extract_feat(view)).sum()
    loss = loss + regressor.bbox_head(regressor.extract_feat(images)).sum()
    wrapper.optimizer.zero_grad()
    loss.backward()
    wrapper.optimizer.step()


def make_steps(args: argparse.Namespace) -> dict:
    """The two steps as functions without arguments."""
    model, wrapper, hook = build(args.config, args.device)
    size, scaled = args.size, round(args.size * VIEW_SCALE)
    images = torch.randint(0, 256, (args.batch, 3, size, size), dtype=torch.uint8)
    classes = model.localizer.head.num_classes
    normalized, view = (torch.randn(args.batch, 3, side, side, device=args.device) for side in (size, scaled))

    def data() -> dict:
        samples = [
            DataSample(metainfo=dict(img_shape=(size, size), ori_shape=(size, size))).set_gt_label(i % classes)
            for i in range(args.batch)
        ]
        return dict(inputs=list(images.to(args.device)), data_samples=samples)

    return {
        'SLT-Net step': lambda: slt_step(model, wrapper, data()),
        'bare passes': lambda: bare_step(model, wrapper, normalized, view),
    }


def timed(step, device: str) -> float:
    """Seconds of one step, including the wait for the device."""
    start = time.perf_counter()
    step()
    if device == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - start


def peak_memory(args: argparse.Namespace, name: str) -> float:
    """MiB at most in use by steps of one kind, in a process of its own."""
    settings = {'--config': args.config, '--batch': args.batch, '--size': args.size, '--device': args.device}
    command = [
        sys.executable,
        __file__,
        '--memory-of',
        name,
        *(str(item) for pair in settings.items() for item in pair),
    ]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def own_peak_memory(step: Callable[[], None], device: str) -> float:
    """Peak MiB of this process (or, on a GPU, of torch's allocator) during three steps."""
    for _ in range(3):
        step()
    if device == 'cuda':
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure times and memory, and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(CONFIG))
    parser.add_argument('--batch', type=int, default=16)
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--rounds', type=int, default=30)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--memory-of', help=argparse.SUPPRESS)
    args = parser.parse_args()
    steps = make_steps(args)
    if args.memory_of:
        print(own_peak_memory(steps[args.memory_of], args.device))
        return
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(args.rounds + 3):  # three rounds to warm up
        for name, step in steps.items():
            seconds = timed(step, args.device)
            if number >= 3:
                times[name].append(seconds)
    ratios = [whole / bare for whole, bare in zip(*times.values(), strict=True)]
    device = torch.cuda.get_device_name() if args.device == 'cuda' else f'CPU, {torch.get_num_threads()} threads'
    print(
        f'{Path(args.config).stem}, batch {args.batch}, {device}, torch {torch.__version__}, '
        f'{args.rounds} interleaved rounds'
    )
    for name, values in times.items():
        print(
            f'{name:14} median {statistics.median(values) * 1e3:8.1f} ms   min {min(values) * 1e3:8.1f}   '
            f'peak memory {peak_memory(args, name):7.0f} MiB'
        )
    print(
        f'ratio          median {statistics.median(ratios):8.3f}      of medians '
        f'{statistics.median(times["SLT-Net step"]) / statistics.median(times["bare passes"]):.3f}'
    )


if __name__ == '__main__':
    main()
