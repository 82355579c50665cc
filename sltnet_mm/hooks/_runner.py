"""Helpers that read the runner, shared by several hooks."""

from __future__ import annotations

from mmengine.runner import Runner


def logging_interval(runner: Runner) -> int:
    """The interval of the runner's ``LoggerHook``; without one, mmengine's default of 10."""
    return next((hook.interval for hook in runner.hooks if type(hook).__name__ == 'LoggerHook'), 10)
