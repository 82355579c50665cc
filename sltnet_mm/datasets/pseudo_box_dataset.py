"""A training set with the pseudo boxes of a file: the regressor trained offline (Sec. 3.1)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from mmengine.registry import DATASETS as ROOT_DATASETS
from torch.utils.data import Dataset

from sltnet_mm.datasets.image_files import image_faults_named
from sltnet_mm.datasets.orientation import turned_by_exif
from sltnet_mm.datasets.pipeline_checks import refuse_turning, refuse_unrecorded
from sltnet_mm.registry import DATASETS
from sltnet_mm.structures.box_file import BoxFile, file_name_of, read_box_file

_NAMED = 3  # images named in an error


@DATASETS.register_module()
class PseudoBoxDataset(Dataset):
    """Any data set of labeled images, with the one box an image that a file gives.

    A sample is the wrapped data set's with ``instances``: a list of one ``dict(bbox=[x1, y1, x2, y2], bbox_label,
    ignore_flag=0)`` in original pixels, or an empty one where the file has no box. The pipeline is mmdet's:
    ``LoadImageFromFile``, ``LoadAnnotations``, transforms that move boxes with the image (``sltnet_mm.ResizeCrop``, or
    mmdet's), ``PackDetInputs``. A box that a crop leaves nothing of is dropped; images without a box take part in
    :class:`~sltnet_mm.models.SingleBoxHead`'s loss with weight 0, as in joint training.

    mmdet's ``CocoDataset`` trains on the same file too; it reads the images that the file lists and checks nothing.

    Args:
        dataset: Config of the data set, such as ``dict(type='sltnet_mm.CUBLocalization', data_root=...,
            split='train')``, or any of mmengine's kind whose samples have ``img_path`` and ``gt_label``. Its own
            pipeline is not used.
        boxes: File that tools/generate_pseudo_boxes.py or tools/generate_ddt_boxes.py wrote. It may hold more images
            than the data set.
        pipeline: Transforms, as everywhere in mmengine.
        max_refetch: How often another sample is drawn where the pipeline returns None.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is of another version, lacks an image of the data set, or has other classes or labels; an
            unrecorded transform; when a sample is loaded, an image of another size than the file says. The message
            names the file.

    Example:
        >>> import json, tempfile
        >>> from sltnet_mm.structures.box_file import BoxRecord, to_coco
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> images = SyntheticLocalization(num_images=2)
        >>> names = [images[i]['img_path'] for i in range(2)]
        >>> records = [BoxRecord(0, names[0], (64, 64), 0, (8, 8, 40, 56)), BoxRecord(1, names[1], (64, 64), 1, None)]
        >>> with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        ...     json.dump(to_coco({}, records, images.metainfo['classes']), file)
        ...     file.flush()
        ...     train = PseudoBoxDataset(dict(type='sltnet_mm.SyntheticLocalization', num_images=2), file.name)
        >>> [train.get_data_info(i)['instances'] for i in range(2)]
        [[{'bbox': [8.0, 8.0, 40.0, 56.0], 'bbox_label': 0, 'ignore_flag': 0}], []]
    """

    def __init__(
        self,
        dataset: Mapping[str, Any],
        boxes: str,
        pipeline: Sequence[dict | Callable] = (),
        max_refetch: int = 1000,
    ) -> None:
        if 'type' not in dataset:
            raise ValueError(f'PseudoBoxDataset: dataset must be the config of a data set, got {dict(dataset)!r}')
        settings = copy.deepcopy(dict(dataset))
        settings['pipeline'] = []
        self.dataset = ROOT_DATASETS.build(settings)
        self.pipeline = Compose(list(pipeline))
        self.max_refetch = max_refetch
        refuse_unrecorded(self.pipeline.transforms)
        if not turned_by_exif(self.dataset):
            refuse_turning(self.pipeline.transforms, type(self.dataset).__name__)
        self.boxes_file = str(boxes)
        self._sizes, self._boxes = self._join(read_box_file(boxes))

    @property
    def metainfo(self) -> dict[str, Any]:
        """The wrapped data set's, with its ``classes``."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Nothing is left to be done: mmengine's runner calls it."""

    def __len__(self) -> int:
        return len(self.dataset)

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """The sample without its image, with ``instances``."""
        info = self.dataset.get_data_info(idx)
        box = self._boxes[idx].tolist()
        label = int(info['gt_label'])
        found = not np.isnan(self._boxes[idx, 0])
        info['instances'] = [dict(bbox=box, bbox_label=label, ignore_flag=0)] if found else []
        return info

    def get_cat_ids(self, idx: int) -> list[int]:
        """The sample's label as a list, for mmengine's ``ClassBalancedDataset``."""
        return [int(self.dataset.get_data_info(idx)['gt_label'])]

    def __getitem__(self, idx: int) -> dict[str, Any]:
        for _ in range(self.max_refetch + 1):
            sample = self._load(idx)
            if sample is not None:
                return sample
            idx = int(np.random.randint(len(self)))
        raise RuntimeError(
            f'PseudoBoxDataset: the pipeline gave None {self.max_refetch + 1} times in a row: does a transform refuse '
            'images without a box (mmdet.RandomCrop wants allow_negative_crop=True)?'
        )

    def _load(self, idx: int) -> dict[str, Any] | None:
        info = self.get_data_info(idx)
        path = info['img_path']
        with image_faults_named(path):
            sample = self.pipeline(info)
        shape = getattr((sample or {}).get('data_samples'), 'ori_shape', None)
        width, height = self._sizes[idx].tolist()
        if shape is not None and tuple(shape[:2]) != (height, width):
            raise ValueError(
                f'{path} has (height, width) {tuple(shape[:2])}, its pseudo box was made on ({height}, {width}): '
                f'{self.boxes_file} is of another version of these images; write it anew'
            )
        return sample

    def _join(self, file: BoxFile) -> tuple[np.ndarray, np.ndarray]:
        """Sizes (n, 2) and boxes (n, 4) in the order of the data set."""
        classes = tuple(str(name) for name in self.metainfo.get('classes') or ())
        if classes != file.classes:
            raise ValueError(
                f'{file.path}: pseudo boxes of {len(file.classes)} classes ({", ".join(file.classes[:_NAMED])}, ...), '
                f'but the data set has {len(classes)} ({", ".join(classes[:_NAMED])}, ...): it is of other data'
            )
        rows = np.empty(len(self.dataset), np.int64)
        lacking, relabeled = [], []
        for idx in range(len(self.dataset)):
            info = self.dataset.get_data_info(idx)
            name = file_name_of(info['img_path'], self.dataset.data_root)
            rows[idx] = file.rows.get(name, -1)
            if rows[idx] < 0:
                lacking.append(name)
            elif file.labels[rows[idx]] not in (-1, info['gt_label']):
                relabeled.append(name)
        for images, fault in ((lacking, 'are not in it'), (relabeled, 'have another label there')):
            if images:
                raise ValueError(
                    f'{file.path}: {len(images)} of the {len(rows)} images of {type(self.dataset).__name__} {fault}, '
                    f'such as {images[:_NAMED]}. It was made of {file.info.get("dataset")}: write pseudo boxes of this '
                    'data set and split'
                )
        return file.sizes[rows], file.boxes[rows]
