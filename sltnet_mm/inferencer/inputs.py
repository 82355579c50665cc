"""The inputs of the inferencer, and their conversion to the results dict of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from sltnet_mm.datasets.class_folders import is_clutter
from sltnet_mm.datasets.image_files import BadImageError, check_image, image_faults_named

Image = str | np.ndarray
_HINT = 'Restore the file or leave it out.'


def list_images(inputs: Any) -> list[Image]:
    """The images of an input, in order.

    Args:
        inputs: A path or URL, a folder (its images at any depth, sorted by name, without hidden ones), an H x W x 3
            uint8 array in BGR order (as loaded by OpenCV), or a list or tuple of these.

    Raises:
        TypeError: If ``inputs`` is of another type.
        ValueError: If an array has another shape or dtype, or a folder has no images.

    Example:
        >>> [type(image).__name__ for image in list_images(['a.jpg', np.zeros((4, 6, 3), np.uint8)])]
        ['str', 'ndarray']
    """
    if isinstance(inputs, (list, tuple)):
        return [image for item in inputs for image in list_images(item)]
    if isinstance(inputs, np.ndarray):
        if inputs.ndim != 3 or inputs.shape[2] != 3 or inputs.dtype != np.uint8 or inputs.size == 0:
            raise ValueError(
                f'inputs: an array must be one image, H x W x 3 uint8 in BGR order, got {inputs.dtype} of shape '
                f'{inputs.shape}. Give several images as a list, and convert gray images with cv2.cvtColor'
            )
        return [inputs]
    if not isinstance(inputs, (str, Path)):
        raise TypeError(
            'inputs must be a path, a folder, an H x W x 3 uint8 array (BGR) or a list of these, got '
            f'{type(inputs).__name__}'
        )
    path = str(inputs)
    return _images_below(Path(path)) if Path(path).is_dir() else [path]


def _images_below(folder: Path) -> list[Image]:
    found = [
        str(path)
        for path in sorted(folder.rglob('*'))
        if path.suffix.lower() in IMG_EXTENSIONS
        and path.is_file()
        and not any(map(is_clutter, path.relative_to(folder).parts))
    ]
    if not found:
        raise ValueError(f'inputs: the folder {folder} has no images ({", ".join(IMG_EXTENSIONS)}) at any depth')
    return list(found)


class ImageLoader:
    """The loading step of a test pipeline, for files and arrays.

    Args:
        transforms: Built transforms of the pipeline; the first must load the image.

    Raises:
        ValueError: If the first transform is not a loader.
    """

    def __init__(self, transforms: Sequence[Callable]) -> None:
        first = transforms[0] if transforms else None
        if not type(first).__name__.startswith('LoadImage'):
            raise ValueError(
                'The test pipeline (test_dataloader.dataset.pipeline) must begin with LoadImageFromFile, got '
                f'{type(first).__name__}'
            )
        self._load: Any = first

    def __call__(self, image: Image, index: int) -> dict:
        """The results dict of one image: ``img`` (H x W x 3, BGR), ``img_shape``, ``ori_shape``, ``img_path``.

        Args:
            image: A path, URL or array.
            index: Index of the image in the inputs.

        Raises:
            BadImageError: If the file is missing, damaged or not an image; a ValueError that names the file.
        """
        if isinstance(image, str):
            return self._from_file(image, index)
        array = image.astype(np.float32) if getattr(self._load, 'to_float32', False) else image
        shape = array.shape[:2]
        return dict(
            img=array, img_shape=shape, ori_shape=shape, img_path=f'image {index}', img_id=index, sample_idx=index
        )

    def _from_file(self, path: str, index: int) -> dict:
        backend_args = getattr(self._load, 'backend_args', None)
        with image_faults_named(path, backend_args, _HINT, self._load):
            results = self._load(dict(img_path=path, img_id=index, sample_idx=index))
        if results is None:  # loaders with ignore_empty=True
            check_image(path, backend_args, _HINT, self._load)
            raise BadImageError(f'Image {path!r} could not be decoded. {_HINT}')
        return results
