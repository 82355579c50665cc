"""The embedded data as a data set."""

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
    """Fine-grained animals drawn from a seed: no download, no file, exact boxes and masks.

    Two bodies (bird, fish) are each shared by six classes that differ in a small mark only, so a plain class activation
    map looks at the mark. Size, pose, place, coat, light and occlusion vary and tell nothing of the class. The textures
    and palettes of the backgrounds of 'val' and 'test' do not occur in 'train'. An image depends on (seed, split,
    index) and its class alone, so it is the same in any order, worker or process. Its ``img_path``
    (``synthetic://...``) can be read by everything that reads through mmengine's file functions, as mmcv's
    ``LoadImageFromFile`` does.

    Args:
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        num_images: Number of images; classes take turns. None: 1008, 252 or 504 by split. Defaults to None.
        image_size: Side of the square images in pixels, at least 16. Defaults to 64.
        num_classes: The first so many of the 12 classes, at least 2. Defaults to 12.
        seed: Seed of the whole data set, at least 0. Defaults to 0.
        **kwargs: The other arguments of :class:`LocalizationDataset`.

    Raises:
        ValueError: A number outside the ranges above.

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

    def load_samples(self, num_classes: int) -> list[dict]:
        """Paths and labels; for 'val' and 'test' the boxes and mask paths too (a scene's geometry each, no pixels)."""
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
