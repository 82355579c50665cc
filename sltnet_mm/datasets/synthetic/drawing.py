"""Drawing of the embedded images: from a scene's geometry to pixels."""

from __future__ import annotations

import cv2
import numpy as np

from sltnet_mm.datasets.synthetic.backgrounds import body_color, draw_background, hsv, noise
from sltnet_mm.datasets.synthetic.scene import SPLIT_STREAMS, Scene, make_scene
from sltnet_mm.datasets.synthetic.shapes import BODIES, MARKS


def draw_image(seed: int, split: str, index: int, label: int, size: int) -> np.ndarray:
    """One embedded image, size x size x 3 uint8 BGR; it depends only on the arguments (see :func:`make_scene`).

    Example:
        >>> draw_image(seed=0, split='train', index=3, label=3, size=64).shape
        (64, 64, 3)
    """
    scene = make_scene(seed, split, index, label, size)
    rng = np.random.default_rng([seed, SPLIT_STREAMS[split], index, 1])  # own stream: colors do not affect boxes
    image = draw_background(rng, split, size)
    _draw_animal(rng, image, scene, size)
    if scene.occluder.any():
        image += scene.occluder[..., None] * (
            hsv(rng.uniform(0, 360), rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.6))
            * (0.7 + 0.6 * noise(rng, size, 12)[..., None])
            - image
        )
    return _light(rng, image, size)


def _draw_animal(rng: np.random.Generator, image: np.ndarray, scene: Scene, size: int) -> None:
    color = body_color(rng)
    second = color * rng.uniform(0.35, 0.55) if color.max() > 0.45 else color + rng.uniform(0.25, 0.40)
    image += scene.limbs[..., None] * (0.7 * color - image)
    coat = color + (second - color) * _coat(rng, scene, size)[..., None]
    image += scene.trunk[..., None] * (coat - image)
    _, hue, saturation, value, _ = MARKS[scene.label // len(BODIES)]
    mark = hsv(hue + rng.uniform(-8, 8), saturation * rng.uniform(0.8, 1), value * rng.uniform(0.85, 1))
    image += scene.mark[..., None] * (mark - image)
    image += scene.eyes[..., None] * (0.05 - image)


def _coat(rng: np.random.Generator, scene: Scene, size: int) -> np.ndarray:
    """The pattern of the coat, size x size float32 in [0, 1]; it moves with the animal."""
    x = np.arange(size, dtype=np.float32)[None, :]
    y = np.arange(size, dtype=np.float32)[:, None]
    inverse = cv2.invertAffineTransform(scene.to_image).astype(np.float32)
    forward = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    down = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    if scene.body.coat == 'belly':
        return (down > rng.uniform(-0.02, 0.08)).astype(np.float32)
    return (np.sin(2 * np.pi * rng.uniform(3, 4.5) * forward + rng.uniform(0, 7)) > 0).astype(np.float32)


def _light(rng: np.random.Generator, image: np.ndarray, size: int) -> np.ndarray:
    """The image as uint8, with light from one side, exposure, contrast and sensor noise."""
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    side = rng.uniform(-0.35, 0.35, 2).astype(np.float32)
    image = image * (rng.uniform(0.75, 1.2) * (1 + side[0] * ramp[:, None, None] + side[1] * ramp[None, :, None]))
    image = (image - 0.5) * rng.uniform(0.8, 1.15) + 0.5
    image = image + rng.uniform(0.01, 0.05) * rng.standard_normal(image.shape, np.float32)
    return (image * 255 + 0.5).clip(0, 255).astype(np.uint8)
