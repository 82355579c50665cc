"""SLT-Net for the OpenMMLab stack: object localization from image labels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sltnet_mm.hosts import check_hosts
from sltnet_mm.mmcv_operators import provide_operators
from sltnet_mm.version import __version__

if TYPE_CHECKING:
    from sltnet_mm.inferencer import SLTInferencer

check_hosts()
provide_operators()

__all__ = ['SLTInferencer', '__version__', 'provide_operators']


def __getattr__(name: str) -> Any:
    """Import ``SLTInferencer`` on first use: it imports the hosts, which takes seconds."""
    if name == 'SLTInferencer':
        from sltnet_mm.inferencer import SLTInferencer

        return SLTInferencer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
