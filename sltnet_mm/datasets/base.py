"""What all localization data sets share: the arguments, the checks, and that training carries no box."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import mmengine.fileio as fileio
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.utils import track_iter_progress

from sltnet_mm.datasets.image_files import BadImageError, check_image, image_faults_named
from sltnet_mm.datasets.pipeline_checks import refuse_turning, refuse_unrecorded
from sltnet_mm.datasets.sample_checks import check_samples, check_table
from sltnet_mm.datasets.sample_table import SampleTable

SPLITS = ('train', 'val', 'test')
_LISTED = 20  # bad images named in the warning; more would bury the count


class LocalizationDataset(BaseDataset):
    """Images with one label each and, in the splits 'val' and 'test' only, boxes or masks.

    A subclass implements :meth:`load_classes` and :meth:`load_samples`. A sample is a dict of ``img_path`` (str),
    ``img_id`` (unique), ``gt_label`` (int) and, for 'val' and 'test' only, at least one of ``instances``: a list of
    ``dict(bbox=[x1, y1, x2, y2], bbox_label=int, ignore_flag=0)`` in original pixels, ends exclusive (x2 = x1 + width),
    and ``mask_path``: an image in which every non-zero pixel is object, or a list of such images, which are united,
    with ``ignore_mask_path`` where some pixels shall not count. ``get_data_info`` adds ``sample_idx``.

    Attributes:
        turned_by_exif: Whether original pixels are those of the image as OpenCV loads it, turned by its EXIF
            orientation. A subclass whose boxes are of the image as it is stored says False; its pipelines must then
            load with ``color_type='color_ignore_orientation'``.

    Args:
        data_root: Folder that the paths are relative to. Defaults to ''.
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        pipeline: Transforms, as everywhere in mmengine. Transforms that move pixels unrecorded are refused.
        classes: Names of the classes in the order of the labels; None: the data set's own. Defaults to None.
        metainfo: More meta information; ``classes`` in it counts as the argument. Defaults to None.
        on_bad_image: 'error': a missing, truncated or undecodable image raises when it is loaded. 'skip': every image
            is decoded once while the data set is set up (progress is shown), bad ones are dropped and listed in one
            warning; all workers and ranks drop the same. Defaults to 'error'.
        indices: Only the first so many samples (int), or those at these places. Defaults to None, all.
        serialize_data: Keep the samples as one block of bytes that workers share. Defaults to True. A subclass that
            returns a :class:`SampleTable` has them in arrays already.
        test_mode: As in mmengine; None: true unless split is 'train'. Defaults to None.
        lazy_init: Read the annotations when they are first needed. Defaults to False.
        max_refetch: How often another training sample is drawn where the pipeline returns None. Defaults to 1000.

    Raises:
        FileNotFoundError: ``data_root`` or an annotation file does not exist.
        ValueError: An unknown split, an unrecorded transform, a loader that turns images that must not be turned, no
            sample at all, an image id that occurs twice, a label outside the classes, a sample of 'val' or 'test'
            without box and mask.
        BadImageError: (a ValueError, when a sample is loaded) names an image that cannot be read.
    """

    turned_by_exif = True

    def __init__(
        self,
        data_root: str = '',
        split: str = 'train',
        pipeline: Sequence[dict | Callable] = (),
        classes: Sequence[str] | None = None,
        metainfo: Mapping | None = None,
        on_bad_image: str = 'error',
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        test_mode: bool | None = None,
        lazy_init: bool = False,
        max_refetch: int = 1000,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f'{type(self).__name__}: split must be one of {SPLITS}, got {split!r}')
        if on_bad_image not in ('error', 'skip'):
            raise ValueError(f"{type(self).__name__}: on_bad_image must be 'error' or 'skip', got {on_bad_image!r}")
        if isinstance(classes, str):
            raise TypeError(f'{type(self).__name__}: classes must be a sequence of names, got the string {classes!r}')
        if data_root and not fileio.isdir(data_root):
            raise FileNotFoundError(
                f'{type(self).__name__}: data_root {data_root!r} is not a folder. Set data_root to where the '
                'data lies (--cfg-options train_dataloader.dataset.data_root=... on the command line)'
            )
        self.split = split
        self.on_bad_image = on_bad_image
        metainfo = dict(metainfo or {})
        if classes is not None:
            metainfo['classes'] = tuple(classes)
        super().__init__(
            metainfo=metainfo,
            data_root=data_root,
            data_prefix={},
            indices=indices,
            serialize_data=serialize_data,
            pipeline=list(pipeline),
            test_mode=split != 'train' if test_mode is None else test_mode,
            lazy_init=True,
            max_refetch=max_refetch,
        )
        refuse_unrecorded(self.pipeline.transforms)
        if not self.turned_by_exif:
            refuse_turning(self.pipeline.transforms, type(self).__name__)
        if not lazy_init:
            self.full_init()

    def load_classes(self) -> Sequence[str]:
        """Names of the classes, in the order of the labels; called where the user gave none."""
        raise NotImplementedError(f'{type(self).__name__} must implement load_classes')

    def load_samples(self, num_classes: int) -> list[dict] | SampleTable:
        """All samples of ``self.split``; labels are checked by the caller, boxes belong to 'val' and 'test' only."""
        raise NotImplementedError(f'{type(self).__name__} must implement load_samples')

    def load_data_list(self) -> list[dict] | SampleTable:
        """Read the annotations and check what every data set must fulfill (see the class)."""
        classes = tuple(self._metainfo.get('classes') or self.load_classes())
        if len(set(classes)) != len(classes):
            raise ValueError(f'{self._where()}: the class names are not distinct: {classes}')
        self._metainfo['classes'] = classes
        samples = self.load_samples(len(classes))
        if not len(samples):
            raise ValueError(f'{self._where()}: no image in split {self.split!r}')
        if isinstance(samples, SampleTable):
            self.serialize_data = False  # its arrays are shared as they are
            check_table(samples, self.split, len(classes), self._where())
        else:
            check_samples(samples, self.split, len(classes), self._where())
        return self._drop_bad_images(samples) if self.on_bad_image == 'skip' else samples

    def prepare_data(self, idx: int) -> dict | None:
        """Load one sample through the pipeline; :class:`BadImageError` names an image that cannot be read."""
        path = self.get_data_info(idx)['img_path']
        with image_faults_named(path, self._backend_args()):
            return super().prepare_data(idx)

    @property
    def CLASSES(self) -> tuple[str, ...]:
        """Names of the classes, under the name that mmpretrain's data sets have and its tools read."""
        return tuple(self.metainfo['classes'])

    def get_cat_ids(self, idx: int) -> list[int]:
        """The sample's label as a list, for mmengine's ``ClassBalancedDataset``."""
        return [int(self.get_data_info(idx)['gt_label'])]

    def _get_unserialized_subset(self, indices: int | Sequence[int]) -> list[dict] | SampleTable:
        """mmengine's, which would turn a table into a list."""
        if isinstance(self.data_list, SampleTable) and isinstance(indices, Sequence):
            return self.data_list.take(indices)
        return super()._get_unserialized_subset(indices)

    def _drop_bad_images(self, samples: list[dict] | SampleTable) -> list[dict] | SampleTable:
        print_log(f'{self._where()}: reading {len(samples)} images once, to drop bad ones', logger='current')
        good, bad, backend_args = [], [], self._backend_args()
        for index, sample in enumerate(track_iter_progress(samples)):
            try:
                check_image(sample['img_path'], backend_args)
                good.append(index)
            except BadImageError as error:
                bad.append(str(error).split(' Restore the file')[0])
        if bad:
            more = f'\n  and {len(bad) - _LISTED} more' if len(bad) > _LISTED else ''
            print_log(
                f'{self._where()}: skipped {len(bad)} of {len(samples)} images of split {self.split!r}:\n  '
                + '\n  '.join(bad[:_LISTED])
                + more,
                logger='current',
                level=logging.WARNING,
            )
        if not good:
            raise BadImageError(
                f'{self._where()}: none of the {len(samples)} images of split {self.split!r} can be read; '
                f'the first: {bad[0]} Check data_root'
            )
        return samples.take(good) if isinstance(samples, SampleTable) else [samples[index] for index in good]

    def _backend_args(self) -> dict | None:
        """The file backend of the pipeline's loader, None for the one that the path itself names."""
        for transform in self.pipeline.transforms:
            if getattr(transform, 'backend_args', None):
                return transform.backend_args
        return None

    def _where(self) -> str:
        return f'{type(self).__name__}({self.data_root!r})' if self.data_root else type(self).__name__
