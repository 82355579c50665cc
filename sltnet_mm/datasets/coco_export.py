"""Ground-truth boxes of a localization data set as COCO json, to evaluate or train mmdet detectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import DATASETS

from sltnet_mm import __version__
from sltnet_mm.config import loading_steps, type_name, unwrapped
from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.localization_list import LocalizationList
from sltnet_mm.datasets.orientation import image_size, loader_of
from sltnet_mm.datasets.sample_checks import check_inside
from sltnet_mm.progress import track
from sltnet_mm.structures.box_file import FORMAT_VERSION, file_name_of


def gt_boxes_as_coco(dataset: LocalizationDataset) -> dict:
    """All ground-truth boxes of a data set as a COCO dict.

    Args:
        dataset: Data set of split 'val' or 'test', whose samples have ``instances``.

    Returns:
        A COCO dict in the layout of the pseudo-box files:

        - ``info``;
        - ``images``: ``file_name`` is relative to ``data_root`` if the image is in it; ``width`` and ``height`` are
          those of the image that the boxes refer to (see ``LocalizationDataset.exif_rotated``);
        - ``annotations``: ``bbox`` is x, y, w, h in original pixels; boxes with ``ignore_flag`` are left out. Ids
          start at 1, because pycocotools never matches the ground-truth box with id 0;
        - ``categories``: ids from 0, in the order of the classes.

    Raises:
        ValueError: If a sample has no box, or one outside its image.

    Example:
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> coco = gt_boxes_as_coco(SyntheticLocalization(split='test', num_images=3))
        >>> coco['images'][0]
        {'id': 0, 'file_name': 'synthetic://seed0-size64/test/000000-00.png', 'width': 64, 'height': 64}
        >>> [(box['id'], box['image_id'], box['category_id']) for box in coco['annotations']]
        [(1, 0, 0), (2, 1, 1), (3, 2, 2)]
    """
    images: list[dict] = []
    annotations: list[dict] = []
    loader = loader_of(dataset)
    for index in track(range(len(dataset)), 'Reading boxes'):
        sample = dataset.get_data_info(index)
        boxes = [instance for instance in sample.get('instances', ()) if not instance.get('ignore_flag', 0)]
        if not boxes:
            raise ValueError(
                f'Image {sample["img_path"]} has no ground-truth box; only the splits val and test have boxes'
            )
        width, height = image_size(sample['img_path'], dataset.exif_rotated, loader)
        check_inside(sample, (width, height))
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
    info = dict(
        description='ground-truth boxes',
        format_version=FORMAT_VERSION,  # PseudoBoxDataset reads the file too: a regressor's upper bound
        dataset=type(dataset).__name__,
        sltnet_mm=__version__,
    )
    return dict(
        info=info,
        images=images,
        annotations=annotations,
        categories=[dict(id=i, name=str(name)) for i, name in enumerate(dataset.metainfo['classes'])],
    )


def build_with_boxes(settings: Mapping[str, Any]) -> LocalizationDataset:
    """Build a data set with boxes, whose pipeline only loads the image.

    Training splits have no boxes, by construction. :class:`LocalizationList` can still provide them, for comparison
    with a detector trained on ground truth: its training lists are then read as if they were test lists.

    Args:
        settings: Config of the data set, wrapped or not.

    Returns:
        The data set, whose samples have ``instances``.

    Raises:
        ValueError: If the split is 'train' and the data set is not a :class:`LocalizationList`, or it is wrapped with
            others.
        FileNotFoundError: If the training lists have no ``localization.txt``.
    """
    settings = dict(unwrapped(settings), pipeline=loading_steps(settings), test_mode=True)
    if settings.get('split', 'train') == 'train':
        kind = settings['type']
        if (DATASETS.get(kind) if isinstance(kind, str) else kind) is not LocalizationList:
            raise ValueError(
                f'{type_name(settings)} cannot provide ground-truth boxes of training images; only '
                "sltnet_mm.LocalizationList can, from the training lists' localization.txt. Write such lists, or "
                'export split val or test'
            )
        folder = dict(settings.get('split_dirs') or {}).get('train', 'train')
        settings.update(split='test', split_dirs=dict(test=folder), mask_dir=None)
    return DATASETS.build(settings)
