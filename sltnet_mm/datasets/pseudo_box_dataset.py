"""A training set with pseudo boxes from a file, to train the regressor offline (Sec. 3.1)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from mmengine.registry import DATASETS as ROOT_DATASETS
from torch.utils.data import Dataset

from sltnet_mm.datasets.image_files import image_faults_named
from sltnet_mm.datasets.orientation import exif_rotated, loader_of
from sltnet_mm.datasets.pipeline_checks import refuse_exif_rotation, refuse_unrecorded
from sltnet_mm.registry import DATASETS
from sltnet_mm.structures.box_file import BoxFile, file_name_of, read_box_file

_NAMED = 3  # images named in an error


@DATASETS.register_module()
class PseudoBoxDataset(Dataset):
    """Any data set of labeled images, with one pseudo box per image from a file.

    A sample is that of the wrapped data set plus ``instances``: a list of one ``dict(bbox=[x1, y1, x2, y2], bbox_label,
    ignore_flag=0)`` in original pixels, or an empty list if the file has no box for the image. Use an mmdet pipeline:
    ``LoadImageFromFile``, ``LoadAnnotations``, transforms that move boxes with the image (``sltnet_mm.ResizeCrop``, or
    mmdet's), ``PackDetInputs``. A box completely outside a crop is dropped. As in joint training, an image without a
    box has weight 0 in the loss of :class:`~sltnet_mm.models.SingleBoxHead`.

    mmdet's ``CocoDataset`` can train on the same file; it reads the images that the file lists, without these checks.

    Args:
        dataset: Config of the data set, such as ``dict(type='sltnet_mm.CUBLocalization', data_root=...,
            split='train')``, or of any mmengine data set whose samples have ``img_path`` and ``gt_label``. Its own
            pipeline is not used.
        boxes: File written by tools/generate_pseudo_boxes.py or tools/generate_ddt_boxes.py. It may contain more images
            than the data set.
        pipeline: Transforms, as everywhere in mmengine. Defaults to ().
        max_refetch: How often another sample is drawn when the pipeline returns None. Defaults to 1000.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file has an unsupported version, lacks an image of the data set, or has other classes or
            labels; if a transform moves pixels without recording it; or, when a sample is loaded, if the image size
            differs from the size in the file. The message names the file.

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
        if not exif_rotated(self.dataset):
            refuse_exif_rotation(self.pipeline.transforms, type(self.dataset).__name__)
        self.boxes_file = str(boxes)
        self._sizes, self._boxes = self._join(read_box_file(boxes))

    @property
    def metainfo(self) -> dict[str, Any]:
        """Meta information of the wrapped data set, with its ``classes``."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Do nothing; mmengine's runner calls this method."""

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
            f'PseudoBoxDataset: the pipeline returned None {self.max_refetch + 1} times in a row. Does a transform '
            'reject images without a box (mmdet.RandomCrop needs allow_negative_crop=True)?'
        )

    def _load(self, idx: int) -> dict[str, Any] | None:
        info = self.get_data_info(idx)
        path = info['img_path']
        loader = loader_of(self)
        with image_faults_named(path, getattr(loader, 'backend_args', None), loader=loader):
            sample = self.pipeline(info)
        shape = getattr((sample or {}).get('data_samples'), 'ori_shape', None)
        width, height = self._sizes[idx].tolist()
        if shape is not None and tuple(shape[:2]) != (height, width):
            raise ValueError(
                f'{path} has (height, width) {tuple(shape[:2])}, but its pseudo box was made for ({height}, {width}). '
                f'{self.boxes_file} belongs to another version of these images. Generate it again'
            )
        return sample

    def _join(self, file: BoxFile) -> tuple[np.ndarray, np.ndarray]:
        """Sizes (n, 2) and boxes (n, 4) in the order of the data set."""
        classes = tuple(str(name) for name in self.metainfo.get('classes') or ())
        if classes != file.classes:
            raise ValueError(
                f'{file.path}: pseudo boxes of {len(file.classes)} classes ({", ".join(file.classes[:_NAMED])}, ...), '
                f'but the data set has {len(classes)} ({", ".join(classes[:_NAMED])}, ...). Use the file of this data '
                'set'
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
        for images, fault in ((lacking, 'are not in this file'), (relabeled, 'have another label in this file')):
            if images:
                raise ValueError(
                    f'{file.path}: {len(images)} of the {len(rows)} images of {type(self.dataset).__name__} {fault}, '
                    f'such as {images[:_NAMED]}. It was made from {file.info.get("dataset")}. Generate pseudo boxes of '
                    'this data set and split'
                )
        return file.sizes[rows], file.boxes[rows]
