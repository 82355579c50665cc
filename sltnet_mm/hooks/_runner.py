"""Helpers that read the runner, shared by several hooks."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """The model without wrappers for distributed training and test-time augmentation, as checkpoints see it."""
    inner: Any = model
    while is_model_wrapper(inner) or isinstance(inner, BaseTTAModel):
        inner = inner.module
    return inner


def logging_interval(runner: Runner) -> int:
    """The interval of the runner's ``LoggerHook``; without one, mmengine's default of 10."""
    return next((hook.interval for hook in runner.hooks if type(hook).__name__ == 'LoggerHook'), 10)
