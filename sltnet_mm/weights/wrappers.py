"""The model inside wrappers for distributed training and test-time augmentation."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> Any:
    """The model without wrappers for distributed training and test-time augmentation, as checkpoints see it.

    Args:
        model: A model, wrapped any number of times or not at all.

    Example:
        >>> model = nn.Linear(2, 2)
        >>> unwrap(nn.DataParallel(model)) is model, unwrap(model) is model
        (True, True)
    """
    inner: Any = model
    while is_model_wrapper(inner) or isinstance(inner, BaseTTAModel):
        inner = inner.module
    return inner
