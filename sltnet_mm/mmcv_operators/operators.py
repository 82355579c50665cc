"""All operators that have a stand-in.

mmcv calls them inside ``torch.autograd.Function``: no gradient is recorded, results go into buffers that mmcv made
(``output``, ``grad_input``, ...), and a backward operator gets the inputs of its forward one. Names and arguments are
those of mmcv's binding. They run on every device that torchvision's operators run on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sltnet_mm.mmcv_operators import deform_conv, focal_loss, roi_align, suppression


def get_compiler_version() -> str:
    """What mmcv reports of its compiler."""
    return 'not compiled'


def get_compiling_cuda_version() -> str:
    """What mmcv reports of the CUDA that its operators were compiled with."""
    return 'not available'


OPERATORS: dict[str, Callable[..., Any]] = {
    'get_compiler_version': get_compiler_version,
    'get_compiling_cuda_version': get_compiling_cuda_version,
    **{
        name: getattr(room, name) for room in (suppression, roi_align, focal_loss, deform_conv) for name in room.__all__
    },
}
