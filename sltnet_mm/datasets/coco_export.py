"""True boxes of a localization data set as COCO json, for mmdet's metrics and for training on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import DATASETS
from mmengine.utils import track_iter_progress

from sltnet_mm import __version__
from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.localization_list import LocalizationList
from sltnet_mm.datasets.orientation import image_size
from sltnet_mm.structures.box_file import file_name_of


def true_boxes_as_coco(dataset: LocalizationDataset) -> dict:
    """All true boxes of a data set of split 'val' or 'test'.

    Args:
        dataset: Its samples carry ``instances``.

    Returns:
        A COCO dict in the layout of the pseudo boxes: ``info``, ``images`` (``file_name`` relative to the data set's
        ``data_root`` where the image lies below it; ``width`` and ``height`` as the data set's boxes see it, see
        ``LocalizationDataset.turned_by_exif``), ``annotations`` (``bbox`` as x, y, w, h in original pixels) and
        ``categories`` (ids from 0, in the order of the classes). Boxes that are not evaluated (``ignore_flag``) are
        left out. Ids of annotations start at 1: pycocotools counts the true box with id 0 as never found.

    Raises:
        ValueError: A sample has no box.

    Example:
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> coco = true_boxes_as_coco(SyntheticLocalization(split='test', num_images=3))
        >>> coco['images'][0]
        {'id': 0, 'file_name': 'synthetic://seed0-size64/test/000000-00.png', 'width': 64, 'height': 64}
        >>> [(box['id'], box['image_id'], box['category_id']) for box in coco['annotations']]
        [(1, 0, 0), (2, 1, 1), (3, 2, 2)]
    """
    images: list[dict] = []
    annotations: list[dict] = []
    for index in track_iter_progress(range(len(dataset))):
        sample = dataset.get_data_info(index)
        boxes = [instance for instance in sample.get('instances', ()) if not instance.get('ignore_flag', 0)]
        if not boxes:
            raise ValueError(f'image {sample["img_path"]} has no true box; boxes belong to the splits val and test')
        width, height = image_size(sample['img_path'], dataset.turned_by_exif)
        images.append(
            dict(id=index, file_name=file_name_of(sample['img_path'], dataset.data_root), width=width, height=height)
        )
        for instance in boxes:
            x1, y1, x2, y2 = instance['bbox']
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=index,
                    category_id=int(instance['bbox_label']),
                    iscrowd=0,
                    bbox=[x1, y1, x2 - x1, y2 - y1],
                    area=(x2 - x1) * (y2 - y1),
                )
            )
    info = dict(description='true boxes', dataset=type(dataset).__name__, sltnet_mm=__version__)
    return dict(
        info=info,
        images=images,
        annotations=annotations,
        categories=[dict(id=i, name=str(name)) for i, name in enumerate(dataset.metainfo['classes'])],
    )


def build_with_boxes(settings: Mapping[str, Any]) -> LocalizationDataset:
    """Build a data set for its boxes, without a pipeline.

    Training sets carry no boxes, by construction. Those of :class:`LocalizationList` are had all the same, for
    comparison with a detector that was given them: its training list is read as if it were the test's.

    Args:
        settings: Config of the data set.

    Raises:
        ValueError: The split 'train' of another data set.
        FileNotFoundError: The training list has no ``localization.txt``.
    """
    settings = dict(settings, pipeline=[], test_mode=True)
    if settings.get('split', 'train') == 'train':
        if DATASETS.get(settings['type']) is not LocalizationList:
            raise ValueError(
                f'{settings["type"]} gives no true boxes of its training images: only sltnet_mm.LocalizationList does, '
                "from the training folder's localization.txt. Write such lists, or export the splits val and test"
            )
        folder = dict(settings.get('split_dirs') or {}).get('train', 'train')
        settings.update(split='test', split_dirs=dict(test=folder), mask_dir=None)
    return DATASETS.build(settings)
