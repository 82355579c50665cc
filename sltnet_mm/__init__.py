"""SLT-Net for the OpenMMLab stack: objects found with image labels alone."""

from sltnet_mm.hosts import check_hosts
from sltnet_mm.version import __version__

check_hosts()

__all__ = ['__version__']
