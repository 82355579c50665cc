"""Boxes and score maps drawn on NumPy images: pure functions, uint8 RGB in and out."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from sltnet_mm.visualization.captions import Color, check_image, load_font

# White and red differ in lightness, not only in hue (for color-blind readers), and neither occurs in viridis.
GT_COLOR: Color = (255, 255, 255)
PREDICTED_COLOR: Color = (255, 48, 48)
MAP_BOX_COLOR: Color = (255, 0, 255)  # the score map's box, where the predicted box is the regressor's
_EDGE = (20, 20, 20)  # a dark edge keeps a box visible on any background


def enlarge(image: np.ndarray, min_side: int = 256) -> tuple[np.ndarray, int]:
    """Enlarge a small image by an integer factor, so that boxes drawn on it stay thin and legible.

    Args:
        image: H x W x 3 uint8 RGB.
        min_side: Least length of the result's shorter side in pixels; a larger image is not changed. Defaults to 256.

    Returns:
        The image (a copy) and the factor, by which boxes must be multiplied too.

    Raises:
        TypeError: If the image is not a uint8 array.
        ValueError: If the image has another shape, or ``min_side`` is below 1.

    Example:
        >>> picture, factor = enlarge(np.zeros((60, 100, 3), np.uint8), min_side=256)
        >>> picture.shape, factor
        ((300, 500, 3), 5)
    """
    check_image('image', image)
    if min_side < 1:
        raise ValueError(f'min_side must be at least 1 pixel, got {min_side}')
    height, width = image.shape[:2]
    factor = max(1, -(-min_side // min(height, width)))
    if factor == 1:
        return image.copy(), 1
    return cv2.resize(image, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC), factor


def draw_boxes(
    image: np.ndarray,
    boxes: np.ndarray,
    color: Color = PREDICTED_COLOR,
    width: int | None = None,
    label: str | None = None,
) -> np.ndarray:
    """A copy of the image with boxes drawn on it, each with a dark edge.

    Args:
        image: H x W x 3 uint8 RGB.
        boxes: n x 4 xyxy (or 4) in pixels of the image, ends exclusive; rounded to whole pixels. As networks may
            predict such boxes, swapped corners are reordered, and boxes are clipped to the image.
        color: RGB, 0-255. Defaults to ``PREDICTED_COLOR``.
        width: Line width in pixels. None: 1/128 of the shorter side, at least 1. Defaults to None.
        label: Text in the upper left corner of every box. Defaults to None.

    Raises:
        TypeError: If the image is not a uint8 array.
        ValueError: If the image has another shape, or a box is not four finite numbers.

    Example:
        >>> picture = draw_boxes(np.zeros((8, 8, 3), np.uint8), np.array([[2, 2, 6, 6]]), color=(255, 0, 0), width=1)
        >>> picture[..., 0][2]
        array([ 0, 20, 255, 255, 255, 255, 20, 0], dtype=uint8)
    """
    check_image('image', image)
    boxes = np.atleast_2d(np.asarray(boxes, np.float64))
    if boxes.size and (boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all()):
        raise ValueError(f'boxes must be n x 4 finite numbers (x1, y1, x2, y2), got {boxes.tolist()}')
    canvas = np.ascontiguousarray(image).copy()
    size = np.array([image.shape[1], image.shape[0]])
    width = max(1, round(size.min() / 128)) if width is None else width
    for box in boxes.reshape(-1, 4):
        first, last = np.round(np.sort(box.reshape(2, 2), axis=0).clip(0, size)).astype(int)
        _draw_frame(canvas, first - 1, last + 1, width + 2, _EDGE)
        _draw_frame(canvas, first, last, width, color)
        if label:
            _draw_tag(canvas, label, first + width, color)
    return canvas


def _draw_frame(canvas: np.ndarray, first: np.ndarray, last: np.ndarray, width: int, color: Color) -> None:
    """Color the outermost ``width`` pixels of the rectangle from ``first`` to ``last`` (x, y; exclusive), in place.

    This uses slices because cv2's thick lines have round ends and are wider than requested.
    """
    (x1, y1), (x2, y2) = np.maximum(first, 0), np.maximum(last, 0)
    (left, top), (right, bottom) = np.minimum(first + width, last), np.maximum(np.maximum(last - width, first), 0)
    canvas[y1:top, x1:x2] = canvas[bottom:y2, x1:x2] = color
    canvas[y1:y2, x1:left] = canvas[y1:y2, right:x2] = color


def _draw_tag(canvas: np.ndarray, text: str, corner: np.ndarray, color: Color) -> None:
    """Write text on a filled background, in place, in black or white, whichever has more contrast."""
    font = load_font(max(11, min(canvas.shape[:2]) // 22))  # letters below 11 pixels are illegible
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    left, top = (int(v) for v in corner)
    x1, y1, x2, y2 = draw.textbbox((left + 2, top + 1), text, font=font)
    draw.rectangle((left, top, x2 + 2, y2 + 2), fill=tuple(color))
    light = float(np.dot(color, (0.299, 0.587, 0.114)))  # luma of ITU-R BT.601
    draw.text((left + 2, top + 1), text, font=font, fill=(0, 0, 0) if light > 127 else (255, 255, 255))
    canvas[:] = np.asarray(picture)


def warp_to_original(score_map: np.ndarray, homography_matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A score map warped from the network input to the original image: crop, scale and flip are undone.

    Args:
        score_map: H x W, in any range.
        homography_matrix: 3 x 3, pixels of the original image to pixels of the network input.
        size: (height, width) of the original image, or of an enlarged one if the matrix includes its scale.

    Returns:
        Height x width float32, bilinear; NaN where the image was cropped away.

    Raises:
        ValueError: If ``score_map`` or ``homography_matrix`` has another shape.

    Example:
        >>> cropped = np.array([[1., 0, -1], [0, 1, 0], [0, 0, 1]])  # the first column was cut off
        >>> warp_to_original(np.ones((2, 2)), cropped, size=(2, 3))
        array([[nan,  1.,  1.],
               [nan,  1.,  1.]], dtype=float32)
    """
    score_map = np.ascontiguousarray(score_map, np.float32)
    if score_map.ndim != 2 or 0 in score_map.shape:
        raise ValueError(f'score_map must be H x W with at least one pixel, got shape {score_map.shape}')
    matrix = np.asarray(homography_matrix, np.float64)
    if matrix.shape != (3, 3):
        raise ValueError(f'homography_matrix must be 3 x 3, got shape {matrix.shape}')
    # The matrix refers to pixel edges (the first pixel spans 0 to 1), cv2 to pixel centers.
    center, back = np.eye(3), np.eye(3)
    center[:2, 2], back[:2, 2] = 0.5, -0.5
    matrix, flags = back @ matrix @ center, cv2.WARP_INVERSE_MAP
    height, width = size
    warped = cv2.warpPerspective(
        score_map, matrix, (width, height), flags=flags | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    seen = cv2.warpPerspective(
        np.ones_like(score_map),
        matrix,
        (width, height),
        flags=flags | cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.where(seen > 0, warped, np.float32(np.nan))


def overlay_score_map(
    image: np.ndarray, score_map: np.ndarray, alpha: float = 0.6, colormap: int = cv2.COLORMAP_VIRIDIS
) -> np.ndarray:
    """A colored score map blended with the grayscale image.

    Args:
        image: H x W x 3 uint8 RGB.
        score_map: H x W in [0, 1] (clipped); where it is NaN, the image is not changed.
        alpha: Share of the colors, in [0, 1]. Defaults to 0.6.
        colormap: Colormap of cv2. Defaults to viridis, whose lightness increases uniformly with the score.

    Returns:
        H x W x 3 uint8.

    Raises:
        TypeError: If the image is not a uint8 array.
        ValueError: If the image or the score map has another shape, or ``alpha`` is outside [0, 1].

    Example:
        >>> overlay_score_map(np.zeros((1, 2, 3), np.uint8), np.array([[0., 1.]]), alpha=1.)
        array([[[ 68,   1,  84],
                [253, 231,  37]]], dtype=uint8)
    """
    check_image('image', image)
    score_map = np.asarray(score_map, np.float32)
    if score_map.shape != image.shape[:2]:
        raise ValueError(
            f'score_map must have the size of the image, {image.shape[:2]}, got {score_map.shape}. Warp it with '
            'warp_to_original'
        )
    if not 0 <= alpha <= 1:
        raise ValueError(f'alpha must be in [0, 1], got {alpha}')
    seen = np.isfinite(score_map)
    levels = np.round(np.where(seen, score_map, 0).clip(0, 1) * 255).astype(np.uint8)
    colors = cv2.applyColorMap(levels, colormap)[..., ::-1]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    mixed = np.round(alpha * colors + (1 - alpha) * gray).astype(np.uint8)
    return np.where(seen[..., None], mixed, image)
