"""What a test pipeline does to the frame of an image, as numbers that a graph can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sltnet_mm.datasets.transforms import ResizeCrop

_HARMLESS = ('PackLocalizationInputs', 'LoadImageFromFile')


class InputFrame(NamedTuple):
    """The way of an image to the network input: resized to one size, then cropped in the center.

    Args:
        resized: (height, width) of the resized image.
        crop: (height, width) of the network input.

    Example:
        >>> frame = InputFrame(resized=(256, 256), crop=(224, 224))
        >>> frame.to_original(torch.tensor([[0.0, 0, 224, 224]]), torch.tensor([[512, 256]]))
        tensor([[ 16.,  32., 240., 480.]])
    """

    resized: tuple[int, int]
    crop: tuple[int, int]

    @property
    def offset(self) -> tuple[int, int]:
        """(top, left) of the crop in the resized image."""
        (height, width), (inner_height, inner_width) = self.resized, self.crop
        return round((height - inner_height) / 2), round((width - inner_width) / 2)

    def to_original(self, boxes: Tensor, image_sizes: Tensor) -> Tensor:
        """Boxes of the network input on the original images, clipped to them.

        Args:
            boxes: B x 4 xyxy, pixels of the network input.
            image_sizes: B x 2, (height, width) of the original images.

        Returns:
            B x 4 float32 xyxy, pixels of the original images.
        """
        limits = image_sizes.flip(1).repeat(1, 2).to(boxes.dtype)  # B x 4: width, height, width, height
        moved = boxes + boxes.new_tensor(self.offset[::-1] * 2)
        return torch.minimum((moved * limits / boxes.new_tensor(self.resized[::-1] * 2)).clamp(min=0), limits)


def frame_of(transforms: Sequence[Any]) -> InputFrame:
    """The frame of a built test pipeline.

    Args:
        transforms: Its transforms, with or without the loader.

    Raises:
        ValueError: If the pipeline does anything to the frame but one ``ResizeCrop`` without flip and randomness.

    Example:
        >>> frame_of([ResizeCrop(resize=256, crop=224, mode='center')])
        InputFrame(resized=(256, 256), crop=(224, 224))
    """
    names = [type(each).__name__ for each in transforms]
    moving = [each for each, name in zip(transforms, names, strict=True) if name not in _HARMLESS]
    if len(moving) != 1 or not isinstance(moving[0], ResizeCrop):
        raise ValueError(
            'an ONNX file needs a test pipeline (test_dataloader.dataset.pipeline) of LoadImageFromFile, '
            f'sltnet_mm.ResizeCrop and sltnet_mm.PackLocalizationInputs, got {", ".join(names)}. Leave the others out'
        )
    step = moving[0]
    if step.mode == 'random' or step.flip_prob > 0:
        raise ValueError(f"an ONNX file needs a ResizeCrop with mode='center' or no crop and flip_prob=0, got {step}")
    return InputFrame(step.resize, step.crop or step.resize)
