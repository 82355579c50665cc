"""The regressor's head: one box per image."""

from __future__ import annotations

from collections.abc import Sequence

from sltnet_mm.models.box_head import RegressionHead
from sltnet_mm.models.box_layers import BoxLayers
from sltnet_mm.registry import MODELS


@MODELS.register_module()
class SingleBoxHead(RegressionHead):
    r"""The head of SLT-Net's regressor (Guo et al., CVPR 2021, Sec. 3.1): two fully connected layers, one box.

    It predicts :math:`\hat{p} = (x_1, y_1, x_2, y_2) / m` and is trained with

    .. math::
        L_{REG}(p, \hat{p}) = \sum_{i=1}^{4} \text{smooth}_{L_1}(p_i - \hat{p}_i)

    (eq. 3, with smooth L1 from eq. 4; see :func:`sltnet_mm.functional.regression_loss`), logged as ``loss_bbox``.

    It replaces ``bbox_head`` in ``mmdet.SingleStageDetector``. Training reads one box per image from
    ``gt_instances.bboxes`` (pixels of the network input) and, if present, its weight in the loss from
    ``gt_instances.weights``.

    The features keep their layout (:class:`~sltnet_mm.models.box_layers.BoxLayers`). For the paper's networks:

    - VGG16: ``reduce_channels=None`` on its 7 x 7 x 512 map, the paper's text; ``feat_channels=(4096, 4096, 512)``,
      ``dropout=0.5`` and ``fc_checkpoint`` keep ImageNet's fc6 and fc7, as PSOL does.
    - Nets whose maps are wider: a 3x3 convolution to 64 channels, then 7 x 7 cells (the default; a reading).
    - ``pool_size=None, reduce_channels=None``: the mean over the cells, PSOL's head on ResNet50 and DenseNet161. It
      learns places slowly, and only through the trunk.

    Args:
        in_channels: Channels of the backbone's last feature map.
        feat_channels: Widths of the hidden layers; 512 as in PSOL, the paper does not report it.
        downsample: m of Sec. 3.1, pixels per box unit. 16 is VGG16's stride; a 224x224 image then spans 14 units, a
            good range for smooth L1, which turns linear at 1. The image size gives boxes in [0, 1].
        out_act: Activation after the last layer: 'relu' (the paper's text), 'sigmoid' (PSOL, with boxes in [0, 1]) or
            'none'.
        init_box: The prediction for every image at the start, four box units inside the image. None is the centered
            box of half the side lengths, (.25, .25, .75, .75) * ``input_size`` / m.
        input_size: Side length of the network input in pixels.
        loss_weight: Factor on the loss, >= 0.
        pool_size: Cells per side that the features are pooled to, at least 2; None is the mean over all cells.
        reduce_channels: Channels of a convolution before the pooling; None is no convolution.
        reduce_kernel: Kernel of that convolution.
        dropout: Of the hidden layers, in training.
        fc_checkpoint: File with VGG16's fc6 and fc7 (mmpretrain's names) for the first two hidden layers.
        train_cfg: Accepted because mmdet's detectors pass it; must be empty.
        test_cfg: Like ``train_cfg``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a value is out of range, ``train_cfg`` or ``test_cfg`` is not empty, 'sigmoid' cannot reach all
            boxes, or (in the forward pass) the features have one cell.

    Example:
        >>> import torch
        >>> head = SingleBoxHead(in_channels=8, input_size=64)
        >>> head((torch.rand(2, 8, 4, 4),)).shape
        torch.Size([2, 4])
    """

    layers: BoxLayers

    def __init__(
        self,
        in_channels: int,
        feat_channels: int | Sequence[int] = 512,
        downsample: float = 16,
        out_act: str = 'relu',
        init_box: Sequence[float] | None = None,
        input_size: int = 224,
        loss_weight: float = 1.0,
        pool_size: int | None = 7,
        reduce_channels: int | None = 64,
        reduce_kernel: int = 3,
        dropout: float = 0.0,
        fc_checkpoint: str | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(downsample, init_box, input_size, loss_weight, train_cfg, test_cfg, init_cfg)
        if out_act == 'sigmoid' and self.span > 1:
            raise ValueError(
                f'SingleBoxHead: out_act="sigmoid" gives box units in (0, 1), but the image spans {self.span:g}: set '
                f'downsample to the size of the network input ({input_size})'
            )
        self.layers = BoxLayers(
            in_channels,
            self.init_box,
            pool_size=pool_size,
            reduce_channels=reduce_channels,
            reduce_kernel=reduce_kernel,
            feat_channels=feat_channels,
            dropout=dropout,
            out_act=out_act,
            fc_checkpoint=fc_checkpoint,
        )

    def init_weights(self) -> None:
        """Initialize as mmengine does, then load ``fc_checkpoint``."""
        super().init_weights()
        self.layers.load_pretrained()
