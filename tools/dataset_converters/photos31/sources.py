"""The sources of photos31: download the packages, find the photographs, read backgrounds and cut-outs."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from functools import cache

import cv2
import numpy as np

from photos31.recipe import PACKAGES

Part = tuple[float, float, float, float]


class SourceError(RuntimeError):
    """A source of photos31 is missing or unusable; the message names it and the fix."""


def fetch_packages(folder: str) -> str:
    """Download (apt-get) and unpack (dpkg) all packages that are not there yet.

    This needs Debian or Ubuntu with package lists, 330 MB to download and 0.9 GB of disk, but no root rights.

    Args:
        folder: Folder to download and unpack in.

    Returns:
        The folder with the unpacked files.

    Raises:
        SourceError: If a program is missing, or a package cannot be downloaded or unpacked.
    """
    for program in ('apt-get', 'dpkg'):
        if shutil.which(program) is None:
            raise SourceError(
                f'{program} is missing; downloading needs Debian or Ubuntu. Elsewhere, unpack the packages '
                f'{", ".join(PACKAGES)} into one folder yourself and give that folder with --unpacked'
            )
    archives, root = os.path.join(folder, 'debs'), os.path.join(folder, 'root')
    os.makedirs(archives, exist_ok=True)
    for package in PACKAGES:
        found = glob.glob(os.path.join(archives, package + '_*.deb'))
        done = os.path.join(root, f'.{package}.unpacked')
        if not found:
            print(f'downloading {package}', flush=True)
            _run(
                ['apt-get', 'download', '-q', package],
                archives,
                f'apt-get cannot download {package}, which is in Debian 12. Run "apt-get update" as root first',
            )
            found = glob.glob(os.path.join(archives, package + '_*.deb'))
        if not os.path.exists(done):
            print(f'unpacking {package}', flush=True)
            _run(
                ['dpkg', '-x', os.path.abspath(found[0]), os.path.abspath(root)],
                archives,
                f'{found[0]} cannot be unpacked. Delete it; the next run downloads it again',
            )
            with open(done, 'w'):
                pass
    return root


def _run(command: list[str], folder: str, message: str) -> None:
    result = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise SourceError(f'{message}\n{result.stdout.strip()}')


def find_background(root: str, path: str) -> str | None:
    """The photograph at ``path`` in ``root`` or in a folder in ``root``; None if it is missing."""
    for base in [root, *sorted(glob.glob(os.path.join(root, '*')))]:
        full = os.path.join(base, path)
        if os.path.isdir(full):
            pictures = [p for p in glob.glob(full + '/*') if p.lower().endswith(('.jpg', '.jpeg', '.png'))]
            if pictures:
                return max(sorted(pictures), key=os.path.getsize)
        elif os.path.isfile(full):
            return full
    return None


@cache
def load_background(path: str, part: Part, size: int) -> np.ndarray:
    """The part of a photograph to use, uint8 BGR; its short side is at most three image sides, enough for any crop."""
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise SourceError(f'{path} cannot be read as an image. Unpack its package again')
    height, width = image.shape[:2]
    image = image[int(part[1] * height) : int(part[3] * height), int(part[0] * width) : int(part[2] * width)]
    scale = 3.0 * size / min(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return image


@cache
def load_cutout(path: str) -> tuple[np.ndarray, np.ndarray]:
    """The premultiplied BGR and alpha of a cut-out, float32 in [0, 1], cropped to the object.

    Specks are removed. Colors at the rim, which are mixed with the white background of the original photograph, are
    replaced by colors from inside, except on parts too thin to have an inside.
    """
    image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4:
        raise SourceError(f'{path} is not a color PNG with alpha. Unpack its package again')
    image = image.astype(np.float32) / np.iinfo(image.dtype).max
    color, alpha = image[..., :3], _without_specks(image[..., 3])
    color = _repair_rim(color, alpha)
    rows, columns = np.where(alpha > 0.5)
    top, bottom = max(rows.min() - 3, 0), rows.max() + 4
    left, right = max(columns.min() - 3, 0), columns.max() + 4
    color, alpha = color[top:bottom, left:right], alpha[top:bottom, left:right]
    alpha = np.clip((cv2.GaussianBlur(alpha, (0, 0), 0.6) - 0.15) / 0.75, 0, 1)
    # Premultiply, or colors with alpha 0 would bleed in when the cut-out is resampled.
    return np.ascontiguousarray(color * alpha[..., None]), np.ascontiguousarray(alpha)


def _without_specks(alpha: np.ndarray) -> np.ndarray:
    """``alpha`` without components smaller than 2 % of the largest one."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8), connectivity=8)
    if count <= 2:
        return alpha
    kept = [i for i in range(1, count) if stats[i, 4] >= 0.02 * stats[1:, 4].max()]
    return alpha * cv2.dilate(np.isin(labels, kept).astype(np.uint8), np.ones((3, 3), np.uint8))


def _repair_rim(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    kernel = np.ones((3, 3), np.uint8)
    inside = cv2.erode((alpha > 0.9).astype(np.uint8), kernel).astype(np.float32)
    spread, weight = color * inside[..., None], inside.copy()
    for _ in range(3):  # the rim is at most three pixels wide
        near, near_weight = cv2.blur(spread, (3, 3)), cv2.blur(weight, (3, 3))
        fresh = (weight == 0) & (near_weight > 0)
        spread[fresh] = near[fresh] / near_weight[fresh][:, None]
        weight[fresh] = 1
    opened = cv2.morphologyEx((alpha > 0.5).astype(np.float32), cv2.MORPH_OPEN, np.ones((5, 5)))
    thin = 1 - cv2.GaussianBlur(opened, (0, 0), 1)
    mix = np.clip(np.where((inside == 0) & (weight > 0), 1 - 0.8 * thin, 0), 0, 1)[..., None]
    return color * (1 - mix) + spread * mix
