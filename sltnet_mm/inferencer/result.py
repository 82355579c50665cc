"""The result of the inferencer for one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sltnet_mm.visualization import warp_to_original


class TopLabel(NamedTuple):
    """A label with its class name (None if the checkpoint has no class names) and probability."""

    label: int
    name: str | None
    score: float


@dataclass(frozen=True, eq=False)
class LocalizationResult:
    """The label, box and score map of one image.

    Args:
        image: Path of the image; for an array its index, such as ``'image 3'`` for the fourth input.
        box: x1, y1, x2, y2 in pixels of the original image, ends exclusive; the whole image if the score map has no
            foreground.
        box_from: The part that gave the box, 'localizer' (its score map) or 'regressor'.
        top_labels: The five labels with the highest probability, highest first; empty for a regressor alone.
        ori_shape: (height, width) of the original image.
        score: Score of the box in [0, 1], its mean IoU with the boxes of the score map at several thresholds
            (:func:`~sltnet_mm.pseudo_boxes.box_scores.box_scores`). It is no probability. None: the model returns no
            score map. Defaults to None.
        input_score_map: Score map of the network input (224 x 224 for most configs), float32 in [0, 1]. None: the model
            returns none. Defaults to None.
        homography_matrix: 3 x 3, pixels of the original image to pixels of the network input. Defaults to None.
        drawing: Picture, H' x W' x 3 uint8 **RGB**, if requested. Defaults to None.
        data_sample: Output of the model, if requested. Defaults to None.

    Example:
        >>> labels = (TopLabel(1, 'cat', 0.75), TopLabel(0, 'dog', 0.25))
        >>> result = LocalizationResult('a.jpg', (2.0, 3.0, 9.0, 8.0), 'localizer', labels,
        ...     ori_shape=(8, 12), score=0.9, input_score_map=np.ones((4, 4), np.float32),
        ...     homography_matrix=np.diag([4 / 12, 4 / 8, 1]))
        >>> result.name, result.label_score, result.score, result.score_map.shape
        ('cat', 0.75, 0.9, (8, 12))
        >>> result.to_dict()['box']
        [2.0, 3.0, 9.0, 8.0]
    """

    image: str
    box: tuple[float, float, float, float]
    box_from: str
    top_labels: tuple[TopLabel, ...]
    ori_shape: tuple[int, int]
    score: float | None = None
    input_score_map: np.ndarray | None = field(default=None, repr=False)
    homography_matrix: np.ndarray | None = field(default=None, repr=False)
    drawing: np.ndarray | None = field(default=None, repr=False)
    data_sample: Any = field(default=None, repr=False)

    @property
    def guesses(self) -> tuple[TopLabel, ...]:
        """The same as ``top_labels``, under its former name."""
        return self.top_labels

    @property
    def label(self) -> int | None:
        """The label with the highest probability; None for a regressor alone."""
        return self.top_labels[0].label if self.top_labels else None

    @property
    def name(self) -> str | None:
        """The class name of the best label; None if there is none."""
        return self.top_labels[0].name if self.top_labels else None

    @property
    def label_score(self) -> float | None:
        """The probability of the best label; None for a regressor alone."""
        return self.top_labels[0].score if self.top_labels else None

    @property
    def score_map(self) -> np.ndarray | None:
        """The score map on the original image, height x width float32 in [0, 1], 0 where the image was cropped away.

        Computed at each access from ``input_score_map``, which is far smaller than a photograph; None where the
        model gives none.
        """
        if self.input_score_map is None or self.homography_matrix is None:
            return None
        return np.nan_to_num(warp_to_original(self.input_score_map, self.homography_matrix, self.ori_shape), nan=0.0)

    def to_dict(self) -> dict[str, Any]:
        """A dict for JSON with image, box, box_from, score (of the box), label, name, label_score and top_labels."""
        return dict(
            image=self.image,
            box=list(self.box),
            box_from=self.box_from,
            score=self.score,
            label=self.label,
            name=self.name,
            label_score=self.label_score,
            top_labels=[top._asdict() for top in self.top_labels],
        )
