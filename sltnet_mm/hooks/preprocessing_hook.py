"""A hook that warns before training if the pretrained features are better with another preprocessing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from sltnet_mm.registry import HOOKS
from sltnet_mm.weights.wrappers import unwrap


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

MOST_LABELS = 10_000
"""Number of labels that are read to choose images."""


class Comparison(NamedTuple):
    """How well pretrained features tell the classes under two preprocessings.

    Args:
        images: Number of training images that were looked at.
        classes: Number of their classes.
        right: Share of images nearest to their own class mean, with the preprocessing in question.
        other: Name, in ``USUAL``, of the best other preprocessing.
        other_right: The share with that one.
        better: The other preprocessing if it is clearly better, or None.
    """

    images: int
    classes: int
    right: float
    other: str
    other_right: float
    better: Preprocessing | None

    def describe(self) -> str:
        """The comparison in a sentence."""
        return (
            f'the pretrained features tell {self.right:.0%} of {self.images} training images by the nearest class mean '
            f'({self.other_right:.0%} with {self.other} preprocessing; guessing: {1 / self.classes:.0%})'
        )


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
        backbone: Any = getattr(getattr(model, 'localizer', model), 'backbone', None)
        if runner.iter or current is None or backbone is None:
            return
        found = self.compare(backbone, runner.train_dataloader.dataset, current)
        if found is None:
            return
        runner.logger.info(found.describe())
        if found.better is not None:
            runner.logger.warning(
                f'The weights seem to want another preprocessing than the config ({current.describe()}): '
                f'{found.describe()}. Set model.data_preprocessor (mean, std and bgr_to_rgb, in mmpretrain to_rgb) to '
                f'{found.better.describe()}'
            )

    def compare(self, backbone: nn.Module, dataset: Any, current: Preprocessing) -> Comparison | None:
        """Compare a preprocessing with the usual ones on pretrained features of training images.

        Args:
            backbone: The pretrained network.
            dataset: Training images, BGR as ``PackLocalizationInputs`` packs them, with their ``gt_label``.
            current: The preprocessing in question.

        Returns:
            The comparison, or None if there are too few images.
        """
        chosen = self._chosen(dataset)
        if len(chosen) < 16:
            return None
        images = torch.stack([dataset[index]['inputs'] for index in chosen]).float()
        labels = torch.tensor([int(dataset.get_data_info(index)['gt_label']) for index in chosen])
        own = nearest_mean_hits(_features(backbone, images, current), labels)
        others = {
            name: nearest_mean_hits(_features(backbone, images, each), labels)
            for name, each in USUAL.items()
            if each != current
        }
        best = max(others, key=lambda name: int(others[name].sum()))
        gained, lost = int((others[best] & ~own).sum()), int((own & ~others[best]).sum())
        return Comparison(
            images=len(labels),
            classes=len(labels.unique()),
            right=float(own.float().mean()),
            other=best,
            other_right=float(others[best].float().mean()),
            better=USUAL[best] if gained - lost > 2 * (gained + lost) ** 0.5 else None,
        )

    def _chosen(self, dataset: Any) -> list[int]:
        """Evenly many images per class, of the classes with the most images; those with fewer than three are left.

        Of more than ``MOST_LABELS`` images, evenly spaced ones are looked at.
        """
        by_label: dict[int, list[int]] = defaultdict(list)
        # reading every label of a million images takes longer than the comparison
        for index in range(0, len(dataset), -(-len(dataset) // MOST_LABELS) or 1):
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
