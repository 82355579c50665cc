"""mmpretrain's image classifier, averaged over the ten crops of each test image."""

from __future__ import annotations

import torch
from mmpretrain.models.classifiers import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from sltnet_mm.registry import MODELS


@MODELS.register_module()
class TenCropClassifier(ImageClassifier):
    """``mmpretrain.ImageClassifier`` that averages the class probabilities over the crops of an image.

    In the test pipeline, ``sltnet_mm.TenCrop`` adds the crops to the samples (the paper's Sec. 4.1 uses "ten crop" for
    classification). Without crops, and in training, it behaves like ``ImageClassifier``. It has the same parameters, so
    checkpoints of the two are interchangeable. Inside :class:`SLTNet`, use ``mmpretrain.ImageClassifier``: SLTNet
    averages the crops itself.

    The arguments are those of ``ImageClassifier``.

    Example:
        >>> import torch
        >>> from mmengine.registry import init_default_scope
        >>> init_default_scope('mmpretrain')
        >>> model = TenCropClassifier(
        ...     backbone=dict(type='sltnet_mm.SmallConvNet', width=4),
        ...     head=dict(type='sltnet_mm.CAMHead', num_classes=3, in_channels=16)).eval()
        >>> sample = DataSample()
        >>> sample.set_field(torch.zeros(10, 3, 32, 32, dtype=torch.uint8), 'crops', dtype=torch.Tensor)
        >>> model.predict(torch.zeros(1, 3, 32, 32), [sample])[0].pred_score.shape
        torch.Size([3])
    """

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None, **kwargs: object) -> list:
        """The samples with ``pred_score`` (C) and ``pred_label`` (1), and without their ``crops``.

        Args:
            inputs: The single views, B x 3 x H x W; ignored if there are crops.
            data_samples: B samples, all with ``crops`` (10 x 3 x h x w uint8) or all without.
            **kwargs: Passed to the head if there are no crops.

        Returns:
            The data samples.

        Raises:
            ValueError: If some samples have crops and others do not.
        """
        cropped = ['crops' in sample for sample in data_samples or ()]
        if data_samples is None or not any(cropped):
            return super().predict(inputs, data_samples, **kwargs)
        if not all(cropped):
            raise ValueError(
                'TenCropClassifier: some samples of the batch have crops, others have none; use one test pipeline'
            )
        # Removed: otherwise, whatever keeps the predictions would keep ten images per sample.
        crops = torch.stack([sample.pop('crops') for sample in data_samples])
        views = self.data_preprocessor(dict(inputs=crops.flatten(0, 1)), training=False)['inputs']
        scores = self(views, mode='tensor').float().softmax(dim=1).unflatten(0, crops.shape[:2]).mean(dim=1)
        for sample, score in zip(data_samples, scores, strict=True):
            sample.set_pred_score(score).set_pred_label(score.argmax())
        return list(data_samples)
