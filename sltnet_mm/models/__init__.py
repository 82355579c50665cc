"""Registered models: thin wrappers around :mod:`sltnet_mm.functional`. Only ``SLTNet`` needs mmdet."""

from __future__ import annotations

from sltnet_mm.hosts import require_host
from sltnet_mm.models.acol_head import ACoLHead
from sltnet_mm.models.bas_classifier import BASClassifier
from sltnet_mm.models.box_head import BoxHead, RegressionHead
from sltnet_mm.models.cam_head import CAMHead
from sltnet_mm.models.danet_head import DANetHead
from sltnet_mm.models.efficientnet_lite0 import EfficientNetLite0
from sltnet_mm.models.gc_net import GCNet
from sltnet_mm.models.i2c_head import I2CHead
from sltnet_mm.models.localization_tta import LocalizationTTA
from sltnet_mm.models.meil_classifier import MEILClassifier
from sltnet_mm.models.psol_head import PSOLHead
from sltnet_mm.models.single_box_head import SingleBoxHead
from sltnet_mm.models.small_conv_net import SmallConvNet
from sltnet_mm.models.smt_loss import SMTLoss
from sltnet_mm.models.soft_argmax_head import SoftArgmaxBoxHead
from sltnet_mm.models.spg_head import SPGHead
from sltnet_mm.models.squeezenet import SqueezeNet
from sltnet_mm.models.ten_crop_classifier import TenCropClassifier
from sltnet_mm.models.torchvision_backbone import TorchvisionBackbone
from sltnet_mm.models.tri_lite_head import TriLiteHead
from sltnet_mm.models.trunks import DenseNetTrunk, InceptionV3Trunk
from sltnet_mm.models.ts_cam import TSCAMClassifier, TSCAMHead
from sltnet_mm.registry import MODELS

__all__ = [
    'ACoLHead',
    'BASClassifier',
    'BoxHead',
    'CAMHead',
    'DANetHead',
    'DenseNetTrunk',
    'EfficientNetLite0',
    'GCNet',
    'I2CHead',
    'InceptionV3Trunk',
    'LocalizationTTA',
    'MEILClassifier',
    'PSOLHead',
    'RegressionHead',
    'SMTLoss',
    'SPGHead',
    'SingleBoxHead',
    'SmallConvNet',
    'SoftArgmaxBoxHead',
    'SqueezeNet',
    'TSCAMClassifier',
    'TSCAMHead',
    'TenCropClassifier',
    'TorchvisionBackbone',
    'TriLiteHead',
]

try:
    from sltnet_mm.models.slt_net import SLTNet  # noqa: F401

    __all__ += ['SLTNet']
except ImportError as error:  # mmdet is missing or cannot be imported (mmcv without operators)
    _reason = error

    @MODELS.register_module(name='SLTNet')
    def _without_mmdet(*args: object, **kwargs: object) -> None:
        require_host('mmdet', 'sltnet_mm.SLTNet')
        raise ImportError(f'sltnet_mm.SLTNet needs mmdet, which cannot be imported: {_reason}') from _reason
