"""Registered modules: thin shells around :mod:`sltnet_mm.functional`. Only ``SLTNet`` needs mmdet."""

from ..hosts import require_host
from ..registry import MODELS
from .cam_head import CAMHead
from .dense_net_trunk import DenseNetTrunk
from .inception_v3_trunk import InceptionV3Trunk
from .localization_tta import LocalizationTTA
from .single_box_head import SingleBoxHead
from .small_conv_net import SmallConvNet
from .smt_loss import SMTLoss
from .ten_crop_classifier import TenCropClassifier
from .torchvision_backbone import TorchvisionBackbone

__all__ = [
    'CAMHead',
    'DenseNetTrunk',
    'InceptionV3Trunk',
    'LocalizationTTA',
    'SMTLoss',
    'SingleBoxHead',
    'SmallConvNet',
    'TenCropClassifier',
    'TorchvisionBackbone',
]

try:
    from .slt_net import SLTNet  # noqa: F401

    __all__ += ['SLTNet']
except ImportError as error:  # mmdet is absent, or cannot be imported (mmcv without operators)
    _reason = error

    @MODELS.register_module(name='SLTNet')
    def _without_mmdet(*args: object, **kwargs: object) -> None:
        require_host('mmdet', 'sltnet_mm.SLTNet')
        raise ImportError(f'sltnet_mm.SLTNet needs mmdet, which cannot be imported: {_reason}') from _reason
