"""Captions below pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]
Line = str | tuple[str, Color]

_PAPER, _INK = (255, 255, 255), (34, 34, 34)


def check_image(name: str, image: np.ndarray) -> None:
    """Raise unless ``image`` is H x W x 3 uint8 with at least one pixel.

    Args:
        name: Name of the argument, for messages.
        image: The array to check.

    Raises:
        TypeError: If it is not a uint8 array.
        ValueError: If it has another shape.

    Example:
        >>> check_image('image', np.zeros((4, 4), np.uint8))
        Traceback (most recent call last):
        ...
        ValueError: image must be H x W x 3 (RGB) with at least one pixel, got shape (4, 4)
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        got = f'an array of {image.dtype}' if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f'{name} must be a numpy array of uint8 (RGB, 0-255), got {got}')
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f'{name} must be H x W x 3 (RGB) with at least one pixel, got shape {image.shape}')


@lru_cache(maxsize=16)
def load_font(size: int, font_file: str | None = None) -> ImageFont.FreeTypeFont:
    """The font in ``font_file``, ``size`` pixels high; by default matplotlib's DejaVu Sans (Latin, Greek, Cyrillic).

    Raises:
        FileNotFoundError: If the file does not exist.
    """
    path = Path(font_file) if font_file else Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf'
    if not path.is_file():
        raise FileNotFoundError(f'font_file {str(path)!r} does not exist. Give a .ttf or .otf file, or None')
    return ImageFont.truetype(str(path), size)


def add_caption(
    image: np.ndarray, lines: Sequence[Line], font_size: int = 13, font_file: str | None = None
) -> np.ndarray:
    """The image with lines of text on a white strip below it.

    Args:
        image: H x W x 3 uint8 RGB.
        lines: Texts, or pairs (text, color), which get a color swatch before the text as the legend of a box. A text
            wider than the image is truncated and ends in an ellipsis.
        font_size: Height of the letters in pixels. Defaults to 13.
        font_file: A .ttf or .otf file, for scripts other than Latin, Greek and Cyrillic. Defaults to None.

    Returns:
        (H + strip) x W x 3 uint8; without lines, a copy of the image.

    Example:
        >>> picture = np.zeros((40, 90, 3), np.uint8)
        >>> add_caption(picture, [('ground truth: bird', (255, 255, 255)), 'score 0.83'], font_size=13).shape
        (82, 90, 3)
    """
    check_image('image', image)
    if not lines:
        return image.copy()
    font = load_font(font_size, font_file)
    margin, step = font_size // 3, round(1.4 * font_size)  # line spacing of 1.4
    strip = Image.new('RGB', (image.shape[1], step * len(lines) + 2 * margin - margin // 2), _PAPER)
    draw = ImageDraw.Draw(strip)
    for row, line in enumerate(lines):
        text, color = (line, None) if isinstance(line, str) else line
        left, top = margin, margin + row * step
        if color is not None:
            draw.rectangle((left, top + 1, left + font_size - 2, top + font_size - 1), fill=tuple(color), outline=_INK)
            left += font_size + margin
        draw.text((left, top), _fitting(text, font, image.shape[1] - left), font=font, fill=_INK, anchor='la')
    return np.concatenate([image, np.asarray(strip)])


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, truncated with an ellipsis if it is wider than ``width``."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + '…') > width:
        text = text[:-1]
    return text + '…' if text else ''
