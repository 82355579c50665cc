"""Compositing of one image: light, shadow, occluder, blur and noise."""

from __future__ import annotations

import cv2
import numpy as np

from photos31.placement import place_object

Generator = np.random.Generator


def hsv_jitter(
    rng: Generator, image: np.ndarray, hue: float, saturation: float, value: float, contrast: float
) -> np.ndarray:
    """``image`` (float BGR in [0, 1]) with random changes up to the given amounts (hue in degrees, others relative)."""
    hsv = cv2.cvtColor(np.clip(image, 0, 1).astype(np.float32), cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-hue, hue)) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(1 - saturation, 1 + saturation), 0, 1)
    out = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR) * rng.uniform(1 - value, 1 + value)
    mean = out.mean()
    return np.clip((out - mean) * rng.uniform(1 - contrast, 1 + contrast) + mean, 0, 1)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """The bounding box of a mask: x0, y0, x1, y1, ends exclusive."""
    rows, columns = np.where(mask)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def compose(
    rng: Generator,
    background: np.ndarray,
    cutout: tuple[np.ndarray, np.ndarray],
    size: int,
    rotation: float,
    grounded: bool,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """The image (uint8 BGR), the mask of the visible object (bool), and notes for meta.csv."""
    blur = 0 if rng.random() < 0.4 else rng.uniform(0.5, 2.5) * size / 256
    sharp = background = hsv_jitter(rng, background, 8, 0.2, 0.15, 0.12)
    premultiplied, alpha, scale, cut = place_object(rng, cutout, size, rotation, grounded)
    blur = max(blur, 0.55 * max(0, scale - 1))  # an enlarged cut-out is soft, so the scene must not be sharper
    if blur > 0.2:
        background = cv2.GaussianBlur(background, (0, 0), blur)
    visible = alpha > 0.5
    color = _toward_scene(rng, premultiplied, alpha, visible, background)
    out = background.copy()
    if grounded and rng.random() < 0.6:
        out = out * _shadow(rng, visible, size)
    out = out * (1 - alpha[..., None]) + color * alpha[..., None]
    kind, seen = 'none', alpha
    if rng.random() < 0.25:
        front, front_alpha, kind = _occluder(rng, sharp if blur < 1 else background, alpha, size)
        left = alpha * (1 - front_alpha)
        if (left > 0.5).sum() >= 0.65 * visible.sum():
            out, seen = out * (1 - front_alpha[..., None]) + front, left
        else:
            kind = 'none'
    out = hsv_jitter(rng, out, 3, 0.1, 0.12, 0.10)
    softness = rng.uniform(0, 0.75)
    if softness > 0.25:
        out = cv2.GaussianBlur(out, (0, 0), softness)
    out = out + rng.normal(0, rng.uniform(0, 0.018), out.shape)
    notes = dict(occluder=kind, cut_by_border=int(cut), scale=f'{scale:.2f}')
    return np.clip(out * 255 + 0.5, 0, 255).astype(np.uint8), seen > 0.5, notes


def _toward_scene(
    rng: Generator, premultiplied: np.ndarray, alpha: np.ndarray, visible: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """The object's colors, shifted slightly toward the light of the scene around it."""
    color = premultiplied / np.maximum(alpha, 1e-3)[..., None]
    color = np.where((alpha > 0)[..., None], np.clip(color, 0, 1), 0)
    own = cv2.cvtColor(color.astype(np.float32), cv2.COLOR_BGR2LAB)
    scene = cv2.cvtColor(background.astype(np.float32), cv2.COLOR_BGR2LAB)
    x0, y0, x1, y1 = box_of(visible)
    gap = scene[y0:y1, x0:x1].reshape(-1, 3).mean(0) - own[visible].mean(0)
    shift = gap * np.array([rng.uniform(0, 0.25), rng.uniform(0, 0.15), rng.uniform(0, 0.15)])
    color = np.clip(cv2.cvtColor((own + shift).astype(np.float32), cv2.COLOR_LAB2BGR), 0, 1)
    return hsv_jitter(rng, color, 6, 0.2, 0.15, 0.12)


def _shadow(rng: Generator, visible: np.ndarray, size: int) -> np.ndarray:
    """The contact shadow below the object as a factor (size x size x 1); it is not part of the mask."""
    x0, y0, x1, y1 = box_of(visible)
    shade = np.zeros((size, size), np.float32)
    feet = np.where(visible[max(y0, y1 - max(3, (y1 - y0) // 8)) : y1].any(0))[0]
    center = (feet.min() + feet.max()) / 2 if len(feet) else (x0 + x1) / 2
    half = max((feet.max() - feet.min()) / 2 if len(feet) else 0, 0.22 * (x1 - x0))
    axes = (int(1.15 * half) + 1, max(2, int(0.05 * (y1 - y0))))
    cv2.ellipse(shade, (int(center), int(y1 - 1)), axes, 0, 0, 360, 1, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), max(1.0, 0.03 * (y1 - y0)))
    return (1 - rng.uniform(0.25, 0.55) * shade)[..., None]


def _occluder(rng: Generator, scene: np.ndarray, alpha: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, str]:
    """The premultiplied colors, alpha and kind of an occluder: blades of grass, or a patch of the scene."""
    box = box_of(alpha > 0.5)
    return _blades(rng, scene, box, size) if rng.random() < 0.6 else _patch(rng, scene, box, size)


def _blades(
    rng: Generator, scene: np.ndarray, box: tuple[int, int, int, int], size: int
) -> tuple[np.ndarray, np.ndarray, str]:
    x0, _, x1, y1 = box
    width, height = x1 - x0, y1 - box[1]
    palette = scene[max(0, y1 - size // 3) : min(size, y1 + 8)].reshape(-1, 3)
    fine = 4  # supersampling factor
    alpha = np.zeros((size * fine, size * fine), np.uint8)
    color = np.zeros((size * fine, size * fine, 3), np.float32)
    for _ in range(int(rng.integers(14, 45))):
        foot_x = rng.uniform(x0 - 0.15 * width, x1 + 0.15 * width)
        foot_y = min(size + 4, y1 + rng.uniform(-0.02, 0.10) * height)
        length, lean = height * rng.uniform(0.12, 0.42), rng.normal(0, 0.25)
        thickness = rng.uniform(0.6, 1.8) * size / 256
        along = np.linspace(0, 1, 14)
        spine_x, spine_y = foot_x + lean * length * along**2, foot_y - length * along
        half = thickness * (1 - along) + 0.15
        sides = [np.stack([spine_x - half, spine_y], 1), np.stack([spine_x + half, spine_y], 1)[::-1]]
        polygon = np.round(np.concatenate(sides) * fine).astype(np.int32)
        tone = palette[rng.integers(0, len(palette))] * rng.uniform(0.6, 1.15)
        if tone.mean() > 0.75:
            tone = tone * 0.6
        cv2.fillPoly(color, [polygon], tone.tolist())
        cv2.fillPoly(alpha, [polygon], 255)
    alpha = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    color = cv2.resize(color, (size, size), interpolation=cv2.INTER_AREA)
    blur = rng.uniform(0.3, 0.9)
    return cv2.GaussianBlur(color, (0, 0), blur), cv2.GaussianBlur(alpha, (0, 0), blur), 'blades'


def _patch(
    rng: Generator, scene: np.ndarray, box: tuple[int, int, int, int], size: int
) -> tuple[np.ndarray, np.ndarray, str]:
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    edge = rng.uniform(0.08, 0.24)  # covered share of the box
    ragged = _smooth_noise(rng, size, int(rng.integers(5, 12))) - 0.5
    side = rng.integers(0, 3)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    if side == 0:
        depth = (y - (y1 - edge * height)) / max(height, 1)
    elif side == 1:
        depth = ((x0 + edge * width) - x) / max(width, 1)
    else:
        depth = (x - (x1 - edge * width)) / max(width, 1)
    alpha = 1 / (1 + np.exp(-np.clip((depth + 0.22 * ragged) * rng.uniform(40, 90), -30, 30)))
    alpha = alpha.astype(np.float32)
    return scene * alpha[..., None], alpha, 'scene'


def _smooth_noise(rng: Generator, size: int, cells: int) -> np.ndarray:
    grid = rng.random((cells, cells)).astype(np.float32)
    noise = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    return (noise - noise.min()) / (noise.max() - noise.min() + 1e-6)
