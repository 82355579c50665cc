"""A hook that warns before training if the pretrained features are better with another preprocessing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from sltnet_mm.hooks._runner import unwrap
from sltnet_mm.registry import HOOKS


class Preprocessing(NamedTuple):
    """A preprocessing of images: whether the channels are RGB, and mean and deviation per channel, 0-255."""

    rgb: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def describe(self) -> str:
        """The preprocessing in the words of a config."""
        mean, std = list(self.mean), list(self.std)
        return f'{"RGB" if self.rgb else "BGR"}, mean={mean}, std={std}'


USUAL = {
    "torchvision's": Preprocessing(True, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "Caffe's": Preprocessing(False, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
    "TensorFlow's": Preprocessing(True, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
}
"""What weights of ImageNet usually want."""


@HOOKS.register_module()
class PreprocessingHook(Hook):
    """Warn if the backbone's pretrained features separate the training classes better with another preprocessing.

    Weights that were trained on BGR images minus their mean, given RGB images divided by their deviation, train
    without an error and locate nothing. Before the first iteration, this hook classifies a few training images by the
    nearest class mean of the features, each image left out of its own class mean, under the config's preprocessing and
    those in ``USUAL``. It warns if another one is right more often by more than two standard errors of the difference.

    Args:
        images: Number of images.
        classes: Largest number of classes that they are from.

    Raises:
        ValueError: If ``images`` is below 16, or ``classes`` below 2.
    """

    def __init__(self, images: int = 96, classes: int = 16) -> None:
        if images < 16 or classes < 2:
            raise ValueError(
                f'PreprocessingHook: images must be at least 16 and classes at least 2, got {images} and {classes}'
            )
        self.images = images
        self.classes = classes

    def before_train(self, runner: Runner) -> None:
        """Compare the preprocessings, once; a resumed run has been looked at before."""
        model = unwrap(runner.model)
        current = preprocessing_of(model)
        chosen = self._chosen(runner.train_dataloader.dataset)
        if runner.iter or current is None or len(chosen) < 16:
            return
        dataset = runner.train_dataloader.dataset
        images = torch.stack([dataset[index]['inputs'] for index in chosen]).float()
        labels = torch.tensor([int(dataset.get_data_info(index)['gt_label']) for index in chosen])
        backbone: Any = getattr(model, 'localizer', model).backbone
        right = {
            name: nearest_mean_hits(_features(backbone, images, each), labels)
            for name, each in {'the config': current, **USUAL}.items()
            if name == 'the config' or each != current
        }
        own = right.pop('the config')
        best = max(right, key=lambda name: int(right[name].sum()))
        gained, lost = int((right[best] & ~own).sum()), int((own & ~right[best]).sum())
        share, better = float(own.float().mean()), float(right[best].float().mean())
        runner.logger.info(
            f'Preprocessing: the pretrained features tell {share:.0%} of {len(labels)} training images by the nearest '
            f'class mean ({better:.0%} with {best}; guessing: {1 / len(labels.unique()):.0%})'
        )
        if gained - lost > 2 * (gained + lost) ** 0.5:
            runner.logger.warning(
                f'The weights seem to want another preprocessing: with {best} ({USUAL[best].describe()}) the '
                f'pretrained features tell {better:.0%} of the training images, with that of the config '
                f'({current.describe()}) {share:.0%}. Set model.data_preprocessor (mean, std and '
                'bgr_to_rgb, in mmpretrain to_rgb) to what the weights were trained with'
            )

    def _chosen(self, dataset: Any) -> list[int]:
        """Evenly many images per class, of the classes with the most images; those with fewer than three are left."""
        by_label: dict[int, list[int]] = defaultdict(list)
        for index in range(len(dataset)):
            by_label[int(dataset.get_data_info(index)['gt_label'])].append(index)
        groups = sorted((group for group in by_label.values() if len(group) > 2), key=len, reverse=True)[: self.classes]
        if len(groups) < 2:
            return []
        return [index for group in groups for index in group[: max(3, self.images // len(groups))]]


def preprocessing_of(model: nn.Module) -> Preprocessing | None:
    """The preprocessing of a model's ``data_preprocessor``; None if it does not normalize.

    Example:
        >>> from mmengine.model import ImgDataPreprocessor
        >>> model = nn.Module()
        >>> model.data_preprocessor = ImgDataPreprocessor(mean=[1, 2, 3], std=[4, 5, 6], bgr_to_rgb=True)
        >>> preprocessing_of(model)
        Preprocessing(rgb=True, mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0))
    """
    preprocessor: Any = getattr(model, 'data_preprocessor', None)
    mean, std = getattr(preprocessor, 'mean', None), getattr(preprocessor, 'std', None)
    if mean is None or std is None:
        return None
    rgb = bool(getattr(preprocessor, '_channel_conversion', False) or getattr(preprocessor, 'to_rgb', False))
    numbers = (tuple(round(float(value), 3) for value in values.flatten()) for values in (mean, std))
    return Preprocessing(rgb, *numbers)


def nearest_mean_hits(features: Tensor, labels: Tensor) -> Tensor:
    """Whether each sample is nearest to the mean of its own class, itself left out.

    Args:
        features: n x d.
        labels: n, with at least two samples per class.

    Returns:
        n bool. Nearest is by the cosine, after the mean of all samples is taken away.

    Example:
        >>> features = torch.tensor([[1.0, 0.1], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.1], [1.0, 0.2]])
        >>> nearest_mean_hits(features, torch.tensor([0, 0, 1, 1, 1]))
        tensor([ True,  True,  True,  True, False])
    """
    features = nn.functional.normalize(features - features.mean(0), dim=1)
    classes, labels = labels.unique(return_inverse=True)
    members = nn.functional.one_hot(labels, len(classes)).to(features)
    sums = members.T @ features
    similar = nn.functional.normalize(sums, dim=1) @ features.T  # classes x n
    own = nn.functional.normalize(sums[labels] - features, dim=1)
    similar[labels, torch.arange(len(labels))] = (own * features).sum(1)
    return similar.argmax(0) == labels


def _features(backbone: nn.Module, images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Mean-pooled features of BGR images n x 3 x H x W, 0-255."""
    parameter = next(backbone.parameters())
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (preprocessing.mean, preprocessing.std))
    training = backbone.training
    backbone.eval()
    pooled = []
    with torch.no_grad():
        for batch in images.split(16):
            inputs = ((batch.flip(1) if preprocessing.rgb else batch) - mean) / std
            outputs: Any = backbone(inputs.to(parameter))
            last = outputs[-1] if isinstance(outputs, Sequence) else outputs
            pooled.append(last.float().flatten(2).mean(2).cpu())
    backbone.train(training)
    return torch.cat(pooled)
