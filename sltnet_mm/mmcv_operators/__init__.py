"""Stand-ins for mmcv's compiled operators, where mmcv is installed without them.

``mmdet`` imports ``mmcv.ops`` in some forty files, and that imports ``mmcv._ext``, a C++ extension that takes minutes
to compile. ``mmcv-lite`` and a plain build of ``onedl-mmcv`` come without it. This room fills ``mmcv._ext`` there, and
only there, with operators of torchvision and plain torch.
"""

from __future__ import annotations

from sltnet_mm.mmcv_operators.finder import VARIABLE, provide_operators

__all__ = ['VARIABLE', 'provide_operators']
