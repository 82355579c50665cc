"""Registered modules: thin shells around :mod:`sltnet_mm.functional`. Only ``SLTNet`` needs mmdet."""

from importlib.util import find_spec

from .cam_head import CAMHead
from .single_box_head import SingleBoxHead
from .small_conv_net import SmallConvNet
from .smt_loss import SMTLoss
from .torchvision_backbone import TorchvisionBackbone

__all__ = ['CAMHead', 'SMTLoss', 'SingleBoxHead', 'SmallConvNet', 'TorchvisionBackbone']

if find_spec('mmdet') is not None:
    from .slt_net import SLTNet  # noqa: F401

    __all__ += ['SLTNet']
