"""Pseudo boxes from maps of other programs: from a folder of .npy files to COCO json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sltnet_mm.datasets.orientation import exif_rotated, image_size, loader_of
from sltnet_mm.evaluation.score_maps import load_score_maps
from sltnet_mm.functional.boxes import PAPER_THRESHOLD
from sltnet_mm.progress import track
from sltnet_mm.pseudo_boxes import PseudoBoxGenerator
from sltnet_mm.structures.box_file import BoxRecord, dataset_identity, file_name_of, to_coco


def boxes_of_map_files(dataset: Any, folder: str | Path, threshold: float = PAPER_THRESHOLD) -> dict[str, Any]:
    """One box per image from one map per image, of any kind (Grad-CAM, an attention map, ...).

    An H x W map of any size and range covers the whole image. It is resized to the original image (bilinear) and
    min-max normalized; the box is that of the largest component above ``threshold`` times the maximum.

    Args:
        dataset: A data set of this package or of mmpretrain (``CustomDataset`` and its subclasses), with images, labels
            and, in its ``metainfo``, ``classes``.
        folder: Folder with ``<image>.npy`` or ``<image>.<suffix>.npy``; ``<image>`` is the path in the data set's
            ``data_root``.
        threshold: Share of the maximum, in [0, 1). Defaults to the paper's 0.2.

    Returns:
        A COCO dict (see :func:`sltnet_mm.structures.box_file.to_coco`) with boxes in original pixels and its source in
        ``info``. An image with a constant map has no box and is listed in ``info['images_without_box']``.

    Raises:
        FileNotFoundError: If the folder does not exist, or an image has no map.
        ValueError: If a file is not a finite H x W array (the message names it), or ``threshold`` is outside [0, 1).

    Example:
        >>> import tempfile, types
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> dataset = SyntheticLocalization(num_images=1, split='train')
        >>> name = dataset.get_data_info(0)['img_path']
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, name + '.npy')
        ...     path.parent.mkdir(parents=True)
        ...     np.save(path, np.eye(64) > 2)  # a constant map
        ...     boxes_of_map_files(dataset, folder)['info']['images_without_box'] == [name]
        True
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f'The folder of maps {str(folder)!r} does not exist. Check its path')
    generator = PseudoBoxGenerator(threshold)
    info = dict(source='maps', maps=str(folder), threshold=threshold, dataset=dataset_identity(dataset))
    records = list(_records(dataset, folder, generator))
    return to_coco(info, records, dataset.metainfo['classes'])


def _records(dataset: Any, folder: str | Path, generator: PseudoBoxGenerator) -> Iterator[BoxRecord]:
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    names = [file_name_of(info['img_path'], dataset.data_root) for info in infos]
    maps = load_score_maps(folder, names)
    loader = loader_of(dataset)
    for index in track(range(len(dataset)), 'Pseudo boxes'):
        width, height = image_size(infos[index]['img_path'], exif_rotated(dataset), loader)
        score_map = next(maps)
        if score_map.ndim != 2 or not np.isfinite(score_map).all():
            found = f'shape {score_map.shape}' if score_map.ndim != 2 else 'NaN or infinity'
            raise ValueError(f'The map of image {names[index]!r} must be a finite H x W array, got {found}')
        located = generator.from_maps(score_map, size=(height, width))
        box = tuple(located.boxes[0].tolist()) if located.found.item() else None
        yield BoxRecord(index, names[index], (width, height), int(infos[index]['gt_label']), box)
