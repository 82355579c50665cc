"""The data set of embedded images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.synthetic.backend import image_path
from sltnet_mm.datasets.synthetic.scene import make_scene
from sltnet_mm.datasets.synthetic.shapes import CLASSES
from sltnet_mm.registry import DATASETS

NUM_IMAGES = {'train': 1008, 'val': 252, 'test': 504}  # multiples of the 12 classes


@DATASETS.register_module()
class SyntheticLocalization(LocalizationDataset):
    """Fine-grained animals drawn from a seed: exact boxes and masks without a download and without files.

    Two bodies (bird, fish) have six classes each, which differ only in a small mark, so a plain class activation map
    highlights the mark. Size, pose, position, coat, light and occlusion vary independently of the class. The textures
    and palettes of the backgrounds of 'val' and 'test' do not occur in 'train'. An image depends only on (seed, split,
    index) and its class, so it is the same in any order, worker or process. Its ``img_path`` (``synthetic://...``) can
    be read by everything that uses mmengine's file functions, such as mmcv's ``LoadImageFromFile``.

    Args:
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        num_images: Number of images, from 1 to 10**6; the classes alternate. None: 1008 for 'train', 252 for 'val', 504
            for 'test'. Defaults to None.
        image_size: Side of the square images in pixels, from 16 to 4096. Defaults to 64.
        num_classes: Number of classes, from 2 to 12; the first ones are used. Defaults to 12.
        seed: Seed of the whole data set, at least 0. Defaults to 0.
        **kwargs: Other arguments of :class:`LocalizationDataset`.

    Raises:
        ValueError: If a number is outside these ranges.

    Example:
        >>> dataset = SyntheticLocalization(split='val', num_images=24)
        >>> len(dataset), dataset.metainfo['classes'][5]
        (24, 'blue_fish')
        >>> dataset.get_data_info(5)['img_path']
        'synthetic://seed0-size64/val/000005-05.png'
    """

    def __init__(
        self,
        split: str = 'train',
        num_images: int | None = None,
        image_size: int = 64,
        num_classes: int = len(CLASSES),
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        for name, value, low, high in (
            ('num_images', num_images, 1, 10**6),
            ('image_size', image_size, 16, 4096),
            ('num_classes', num_classes, 2, len(CLASSES)),
            ('seed', seed, 0, 2**63),
        ):
            if not (name == 'num_images' and value is None) and not (isinstance(value, int) and low <= value <= high):
                raise ValueError(f'SyntheticLocalization: {name} must be an int from {low} to {high}, got {value!r}')
        self.num_images = num_images
        self.image_size = image_size
        self.num_classes = num_classes
        self.seed = seed
        super().__init__(split=split, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """Names of the first ``num_classes`` classes."""
        return CLASSES[: self.num_classes]

    def check_boxes(self) -> None:
        """Do nothing: the boxes lie in the images by construction, and each image would be drawn to measure it."""

    def load_samples(self, num_classes: int) -> list[dict]:
        """All samples; for 'val' and 'test' with boxes, computed from each scene's geometry, and with mask paths."""
        samples = []
        for index in range(self.num_images or NUM_IMAGES[self.split]):
            label = index % num_classes
            key = (self.seed, self.split, index, label, self.image_size)
            sample: dict[str, Any] = dict(img_path=image_path(*key), img_id=index, gt_label=label)
            if self.split != 'train':
                sample['instances'] = [dict(bbox=list(make_scene(*key).box), bbox_label=label, ignore_flag=0)]
                sample['mask_path'] = image_path(*key, mask=True)
            samples.append(sample)
        return samples
