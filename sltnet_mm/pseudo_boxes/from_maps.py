"""Pseudo boxes from maps that other code saved: a folder of .npy files to COCO json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sltnet_mm.datasets.orientation import exif_rotated, image_size
from sltnet_mm.evaluation.score_maps import load_score_maps
from sltnet_mm.progress import track
from sltnet_mm.pseudo_boxes import PseudoBoxGenerator
from sltnet_mm.structures.box_file import BoxRecord, dataset_identity, file_name_of, to_coco


def boxes_of_map_files(dataset: Any, folder: str | Path, threshold: float = 0.2) -> dict[str, Any]:
    """One box an image from one map an image, whoever computed it (Grad-CAM, an attention map, ...).

    A map H x W of any size and range covers the whole image. It is resized to the original image (bilinear), min-max
    normalized, cut above ``threshold`` times its maximum; the box is that of the largest component, in original pixels.

    Args:
        dataset: A data set of this package, or mmpretrain's ``CustomDataset`` and its kin: it gives the images, their
            labels and, in its ``metainfo``, the ``classes``.
        folder: Of ``<image>.npy`` or ``<image>.<suffix>.npy``; ``<image>`` is the path below the data set's
            ``data_root``.
        threshold: Share of the maximum, in [0, 1).

    Returns:
        A COCO dict as :func:`sltnet_mm.structures.box_file.to_coco` writes it; ``info`` says where it is from. A
        constant map gives no box, and the image is listed in ``info['images_without_box']``.

    Raises:
        FileNotFoundError: An image has no map, or there is no such folder.
        ValueError: A file that holds no finite H x W array (the message names it), or a threshold outside [0, 1).

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
        raise FileNotFoundError(f'the folder of maps {str(folder)!r} does not exist')
    generator = PseudoBoxGenerator(threshold)
    info = dict(source='maps', maps=str(folder), threshold=threshold, dataset=dataset_identity(dataset))
    records = list(_records(dataset, folder, generator))
    return to_coco(info, records, dataset.metainfo['classes'])


def _records(dataset: Any, folder: str | Path, generator: PseudoBoxGenerator) -> Iterator[BoxRecord]:
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    names = [file_name_of(info['img_path'], dataset.data_root) for info in infos]
    maps = load_score_maps(folder, names)
    for index in track(range(len(dataset)), 'Pseudo boxes'):
        width, height = image_size(infos[index]['img_path'], exif_rotated(dataset))
        score_map = next(maps)
        if score_map.ndim != 2 or not np.isfinite(score_map).all():
            found = f'shape {score_map.shape}' if score_map.ndim != 2 else 'NaN or infinity in it'
            raise ValueError(f'image {names[index]!r}: its map must be a finite array H x W, got {found}')
        boxes, score_maps = generator.from_maps(score_map, size=(height, width))
        box = tuple(boxes[0].tolist()) if score_maps.any() else None
        yield BoxRecord(index, names[index], (width, height), int(infos[index]['gt_label']), box)
