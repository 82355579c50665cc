"""Training and test of one run in one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from reproduction.commands import SCORES, step_commands
from reproduction.costs import MapPrecision, TestTimeHook, has_masks
from reproduction.kept_predictions import KeepPredictionsHook
from reproduction.runs import RESULTS, Run, code_fingerprint, write_json
from reproduction.steps import Settings, step_config
from sltnet_mm.command_line import add_test_metric, build_runner
from sltnet_mm.config import type_name
from sltnet_mm.evaluation import DumpScores
from sltnet_mm.report import EpochLineHook
from sltnet_mm.weights.latest import latest_checkpoint

# The paper's protocol, and MaxBoxAccV2 of the map that the localizer uses (the ACAM, without the ground-truth class).
PROTOCOLS = ('sltnet', dict(base='wsolevaluation-v2', name='wsolevaluation-v2-acam', map='top_k'))
IOU_HISTORY = 'iou_history.npz'


def run_config(run: Run, settings: Settings) -> Config:
    """The complete config of a training run: with its folder and seed, and resumed if it was interrupted."""
    cfg = step_config(run.step, settings)
    cfg.work_dir = str(run.folder)
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=run.seed or 0)
    for key, earlier, file in run.inputs:
        path = earlier.file(file)
        if path is None:
            raise FileNotFoundError(f'{run.name} needs {earlier.folder / file}, which does not exist. Repeat its run')
        cfg.merge_from_dict({key: str(path)})
    for evaluator in _localization_metrics(cfg, 'test_evaluator'):
        evaluator['protocols'] = PROTOCOLS
    if cfg.get('train_cfg') and _localization_metrics(cfg, 'val_evaluator'):
        cfg.custom_hooks = [
            *(cfg.get('custom_hooks') or []),
            dict(type='sltnet_mm.IoUHistoryHook', out_file=IOU_HISTORY),
        ]
    latest = latest_checkpoint(run.folder)
    if latest is not None:
        cfg.resume, cfg.load_from = True, str(latest)
    return cfg


def _localization_metrics(cfg: Config, name: str) -> list[dict]:
    evaluator = cfg.get(name) or []
    evaluators = evaluator if isinstance(evaluator, list) else [evaluator]
    return [each for each in evaluators if type_name(each) == 'sltnet_mm.LocalizationMetric']


def train_and_test(run: Run, settings: Settings, say: Callable[[str], object]) -> None:
    """Train with the config's runner, test the last epoch on the test split, and write ``results.json``.

    Args:
        run: A run of a step 'train'.
        settings: Settings of the command line.
        say: Function that takes one line per epoch.
    """
    begun = time.perf_counter()
    cfg = run_config(run, settings)
    runner = build_runner(cfg)
    runner.register_hook(EpochLineHook(write=lambda line: say(line.strip())))
    if _localization_metrics(cfg, 'test_evaluator'):
        runner.register_hook(KeepPredictionsHook())
        if has_masks(runner.test_dataloader.dataset):
            add_test_metric(runner, MapPrecision())
    clock = TestTimeHook()
    runner.register_hook(clock)
    if run.step.config.startswith('classifier/'):
        add_test_metric(runner, DumpScores(run.folder / SCORES))
    if cfg.get('train_cfg'):
        runner.train()
    metrics = runner.test()
    write_results(
        run,
        settings,
        metrics,
        device=next(runner.model.parameters()).device,
        seconds=time.perf_counter() - begun,
        epochs=runner.max_epochs if cfg.get('train_cfg') else 0,
        resumed_from=Path(cfg.load_from).name if cfg.get('resume') else None,
        images=len(runner.test_dataloader.dataset),
        milliseconds_per_image=clock.milliseconds,
        parameters=sum(parameter.numel() for parameter in runner.model.parameters()),
    )


def write_results(
    run: Run, settings: Settings, metrics: Mapping[str, float], device: torch.device | str, seconds: float, **facts: Any
) -> None:
    """Write the results of a run, with all facts needed to repeat it."""
    device = torch.device(device)
    write_json(
        run.folder / RESULTS,
        dict(
            config=f'configs/{run.step.config}.py',
            options=dict(run.step.options),
            seed=run.seed,
            metrics={key: float(value) for key, value in metrics.items()},
            **facts,
            device=torch.cuda.get_device_name(device) if device.type == 'cuda' else 'CPU',
            seconds=round(seconds, 1),
            date=datetime.now().astimezone().strftime('%Y-%m-%d'),
            torch=torch.__version__,
            code=code_fingerprint(),
            commands=step_commands(run, settings),
        ),
    )
