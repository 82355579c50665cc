"""The base class of the localization data sets: shared arguments and checks, and no boxes in training."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import mmengine.fileio as fileio
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from sltnet_mm.datasets.image_files import BadImageError, check_image, image_faults_named
from sltnet_mm.datasets.orientation import image_size, loader_of
from sltnet_mm.datasets.pipeline_checks import refuse_exif_rotation, refuse_unrecorded
from sltnet_mm.datasets.sample_checks import check_inside, check_samples, check_table
from sltnet_mm.datasets.sample_table import SampleTable
from sltnet_mm.progress import track

SPLITS = ('train', 'val', 'test')
_MANY = 2000  # with this many images or more, a progress bar is shown
_LISTED = 20  # bad images named in the warning; a longer list would bury the count


class EmptySplitError(ValueError):
    """A split without images; data without boxes have no 'val' and 'test'."""


class LocalizationDataset(BaseDataset):
    """Images with one label each and, in the splits 'val' and 'test' only, boxes or masks.

    A subclass implements :meth:`load_classes` and :meth:`load_samples`. A sample is a dict with

    - ``img_path`` (str), ``img_id`` (unique), and ``gt_label`` (int);
    - for 'val' and 'test', ``instances``: a list of ``dict(bbox=[x1, y1, x2, y2], bbox_label=int, ignore_flag=0)`` in
      original pixels, ends exclusive (x2 = x1 + width);
    - for 'val' and 'test', instead or in addition, ``mask_path``: an image whose nonzero pixels are the object, or a
      list of such images, whose union is the object; and optionally ``ignore_mask_path``: pixels to ignore.

    ``get_data_info`` adds ``sample_idx``.

    Args:
        data_root: Folder that all paths are relative to. Defaults to ''.
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        pipeline: Transforms, as everywhere in mmengine. A transform that moves pixels without recording it is an error.
        classes: Class names in the order of the labels. None: the names that the data set defines. Defaults to None.
        metainfo: Additional meta information; ``classes`` in it overrides the data set's own. Defaults to None.
        on_bad_image: 'error': a missing, truncated or undecodable image raises an error when it is loaded. 'skip':
            every image is decoded once at setup (with a progress bar); bad ones are dropped and listed in one warning.
            All workers and ranks drop the same images. Defaults to 'error'.
        indices: Use only the first n samples (int) or the samples at these indices (sequence). Defaults to None, all.
        serialize_data: Keep the samples as one block of bytes that workers share. A subclass that returns a
            :class:`~sltnet_mm.datasets.sample_table.SampleTable` already shares arrays. Defaults to True.
        test_mode: As in mmengine. None: True unless split is 'train'. Defaults to None.
        lazy_init: Read the annotations on first use. Defaults to False.
        max_refetch: How often another training sample is drawn when the pipeline returns None. Defaults to 1000.

    Attributes:
        exif_rotated: Whether "original pixels" means the image after EXIF rotation, as OpenCV loads it. A subclass
            whose boxes were drawn on the stored image sets False; its pipelines must then load with
            ``color_type='color_ignore_orientation'``.

    Raises:
        FileNotFoundError: If ``data_root`` or an annotation file does not exist.
        ValueError: If ``split`` is unknown, a transform moves pixels without recording it, a loader rotates images
            whose boxes refer to the stored pixels, there are no samples, an image id is not unique, a label is out of
            range, or a sample of 'val' or 'test' has neither box nor mask.
        BadImageError: If an image cannot be read (raised when the sample is loaded; a subclass of ValueError).

    Example:
        >>> from sltnet_mm.datasets import SyntheticLocalization
        >>> train, test = (SyntheticLocalization(split=split, num_images=12) for split in ('train', 'test'))
        >>> sorted(train[0])
        ['gt_label', 'img_id', 'img_path', 'sample_idx']
        >>> test[0]['instances'][0]['bbox']
        [5.0, 15.0, 30.0, 35.0]
    """

    exif_rotated = True

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
                f'{type(self).__name__}: data_root must be an existing folder, got {data_root!r}. Set it to where the '
                'data is (on the command line: --cfg-options train_dataloader.dataset.data_root=...)'
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
        if not self.exif_rotated:
            refuse_exif_rotation(self.pipeline.transforms, type(self).__name__)
        if not lazy_init:
            self.full_init()

    def load_classes(self) -> Sequence[str]:
        """Class names in the order of the labels; called only if the user gives none."""
        raise NotImplementedError(f'{type(self).__name__} must implement load_classes')

    def load_samples(self, num_classes: int) -> list[dict] | SampleTable:
        """All samples of ``self.split``, with boxes for 'val' and 'test' only; the caller checks the labels."""
        raise NotImplementedError(f'{type(self).__name__} must implement load_samples')

    def load_data_list(self) -> list[dict] | SampleTable:
        """The samples, read from the annotations and checked (see the class)."""
        classes = tuple(self._metainfo.get('classes') or self.load_classes())
        if len(set(classes)) != len(classes):
            raise ValueError(f'{self._where()}: class names must be unique, got {classes}')
        self._metainfo['classes'] = classes
        samples = self.load_samples(len(classes))
        if not len(samples):
            raise EmptySplitError(f'{self._where()}: split {self.split!r} has no images. Check the annotation files')
        if isinstance(samples, SampleTable):
            self.serialize_data = False  # workers share its arrays without serialization
            check_table(samples, self.split, len(classes), self._where())
        else:
            check_samples(samples, self.split, len(classes), self._where())
        return self._drop_bad_images(samples) if self.on_bad_image == 'skip' else samples

    def prepare_data(self, idx: int) -> dict | None:
        """Load one sample through the pipeline; an unreadable image raises :class:`BadImageError` with its name."""
        path = self.get_data_info(idx)['img_path']
        with image_faults_named(path, self._backend_args(), loader=loader_of(self)):
            return super().prepare_data(idx)

    def check_boxes(self) -> None:
        """Raise if a box lies outside its image, which would end an evaluation; only headers of images are read.

        Raises:
            ValueError: If there is one. The message names the image, its size and the box.
        """
        if self.split != 'train':
            loader = loader_of(self)
            for index in track(range(len(self)), 'Checking boxes', least=_MANY):
                info = self.get_data_info(index)
                if info.get('instances'):
                    check_inside(info, image_size(info['img_path'], self.exif_rotated, loader))

    @property
    def CLASSES(self) -> tuple[str, ...]:
        """Class names, under the attribute name that mmpretrain's tools read."""
        return tuple(self.metainfo['classes'])

    def get_gt_labels(self) -> np.ndarray:
        """The labels of all images, (n,) int, as mmpretrain's data sets give them; an array if the split is one."""
        self.full_init()
        if isinstance(self.data_list, SampleTable):
            return self.data_list.labels
        return np.array([self.get_data_info(idx)['gt_label'] for idx in range(len(self))])

    def get_cat_ids(self, idx: int) -> list[int]:
        """The sample's label as a list, for mmengine's ``ClassBalancedDataset``."""
        return [int(self.get_data_info(idx)['gt_label'])]

    def _get_unserialized_subset(self, indices: int | Sequence[int]) -> list[dict] | SampleTable:
        """As in mmengine, but a table stays a table."""
        if isinstance(self.data_list, SampleTable) and isinstance(indices, Sequence):
            return self.data_list.take(indices)
        return super()._get_unserialized_subset(indices)

    def _drop_bad_images(self, samples: list[dict] | SampleTable) -> list[dict] | SampleTable:
        print_log(f'{self._where()}: reading all {len(samples)} images once to find bad ones', logger='current')
        good, bad, backend_args, loader = [], [], self._backend_args(), loader_of(self)
        for index, sample in enumerate(track(samples, 'Opening images')):
            try:
                check_image(sample['img_path'], backend_args, loader=loader)
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
                f'{self._where()}: none of the {len(samples)} images of split {self.split!r} can be read, '
                f'first: {bad[0]} Check data_root'
            )
        return samples.take(good) if isinstance(samples, SampleTable) else [samples[index] for index in good]

    def _backend_args(self) -> dict | None:
        """Arguments of the loader's file backend; None: the backend follows from the path."""
        for transform in self.pipeline.transforms:
            if getattr(transform, 'backend_args', None):
                return transform.backend_args
        return None

    def _where(self) -> str:
        return f'{type(self).__name__}({self.data_root!r})' if self.data_root else type(self).__name__
