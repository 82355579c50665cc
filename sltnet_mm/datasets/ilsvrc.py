"""ILSVRC2012 (CLS-LOC): 1.28 million training images with labels, 50,000 validation images with labels and boxes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sltnet_mm.datasets.base import LocalizationDataset
from sltnet_mm.datasets.box_xml import read_box_xml, xml_name
from sltnet_mm.datasets.class_folders import (
    check_same_classes,
    class_folders,
    image_names,
    images_by_class,
    is_clutter,
)
from sltnet_mm.datasets.list_cache import Fingerprint, cached_table
from sltnet_mm.datasets.sample_table import Row, SampleTable, build_table
from sltnet_mm.datasets.text_files import Line, read_mapping
from sltnet_mm.datasets.wsol_lists import add_boxes, read_images
from sltnet_mm.progress import track
from sltnet_mm.registry import DATASETS

_MANY = 1000  # with this many XML files or more, a progress bar is shown


@DATASETS.register_module()
class ILSVRCLocalization(LocalizationDataset):
    """ILSVRC2012: training images with labels, validation images with labels and boxes.

    The splits are those of the literature on weakly supervised localization: 'train' is ILSVRC's training set (nothing
    is held out), 'test' is its validation set of 50,000 images, and 'val' is ImageNetV2 (threshold 0.7; 10,000 images
    with the boxes of Choe et al., 2020), a separate download. ``prepare_ilsvrc.py`` and ``prepare_imagenetv2.py`` in
    ``tools/dataset_converters`` create this layout::

        ILSVRC                                      data_root
        ├── train
        │   ├── n01440764
        │   │   ├── n01440764_10026.JPEG
        │   │   └── ...
        │   └── ...                                 1,000 class folders
        ├── val                                     flat, or with class folders like train
        │   ├── ILSVRC2012_val_00000001.JPEG
        │   └── ...
        ├── val_labels.txt                          lines "ILSVRC2012_val_00000001.JPEG n01751748"; only for a flat val
        ├── annotations/val
        │   ├── ILSVRC2012_val_00000001.xml         boxes in PASCAL VOC format
        │   └── ...
        ├── val2                                    ImageNetV2; needed for 'val' only
        │   ├── 0
        │   │   └── *.jpeg
        │   └── ...
        └── metadata/ILSVRC/val
            └── *.txt                               wsolevaluation's lists of ImageNetV2

    Classes are the WordNet ids in sorted order, ImageNet's usual label order, taken from the folders in ``train``, or
    from the test images if there is no ``train``. ``img_id`` is the path in ``train`` or ``val``, or in ImageNetV2's
    list. Box coordinates are those in the XML files, unchanged, as in wsolevaluation. An image may have several boxes.
    A box of a class other than the image's gets ``ignore_flag`` 1 and is not evaluated; an image with only such boxes
    is an error.

    Some images have an EXIF orientation, and their boxes refer to the stored, unrotated image (PIL and wsolevaluation
    load it that way). A pipeline that rotates images is therefore an error: pass
    ``color_type='color_ignore_orientation'`` to ``LoadImageFromFile``, as the configs do.

    The lists of 'train' and 'test' are cached in ``cache_dir`` and rebuilt when a class folder, image or XML file has a
    new name, time stamp or (XML) size. Samples are stored in arrays that workers share. For 'train', no file but the
    cached list is opened, and no boxes are read.

    Args:
        data_root: Root folder. Defaults to ''.
        split: 'train', 'val' or 'test'. Defaults to 'train'.
        train_dir: Folder of the training images. Defaults to 'train'.
        test_dir: Folder of ILSVRC's validation images. Defaults to 'val'.
        box_dir: Folder of their XML files. Defaults to 'annotations/val'.
        label_file: Their classes; read only if ``test_dir`` has no class folders. Defaults to 'val_labels.txt'.
        val_lists: Folder of wsolevaluation's lists of ImageNetV2; paths in them are relative to ``data_root``. Defaults
            to 'metadata/ILSVRC/val'.
        cache_dir: Folder of the cached lists, relative to ``data_root`` or absolute. None: no cache. Defaults to
            '.sltnet_mm'.
        **kwargs: Other arguments of :class:`LocalizationDataset`.

    Raises:
        FileNotFoundError: If a folder, list or XML file does not exist.
        ValueError: If the data is only partly unpacked (an archive among the images, an empty class folder), training
            and test images have different classes, an image has no label or a label no image, an XML file is damaged
            or has no object, a box is inverted or outside the image, or the pipeline rotates images by their EXIF
            orientation. The message names the file.

    Example:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name in ('n01440764', 'n01443537'):
        ...         os.makedirs(os.path.join(root, 'train', name))
        ...         open(os.path.join(root, 'train', name, f'{name}_1.JPEG'), 'w').close()
        ...     dataset = ILSVRCLocalization(root, split='train')
        >>> dataset.metainfo['classes'], dataset.get_data_info(1)['gt_label']
        (('n01440764', 'n01443537'), 1)
    """

    exif_rotated = False

    def __init__(
        self,
        data_root: str = '',
        split: str = 'train',
        train_dir: str = 'train',
        test_dir: str = 'val',
        box_dir: str = 'annotations/val',
        label_file: str = 'val_labels.txt',
        val_lists: str = 'metadata/ILSVRC/val',
        cache_dir: str | None = '.sltnet_mm',
        **kwargs: Any,
    ) -> None:
        self.train_dir, self.test_dir, self.box_dir, self.label_file, self.val_lists = (
            os.path.join(data_root, path) for path in (train_dir, test_dir, box_dir, label_file, val_lists)
        )
        self.cache_dir = None if cache_dir is None else os.path.join(data_root, cache_dir)
        super().__init__(data_root=data_root, split=split, **kwargs)

    def load_classes(self) -> Sequence[str]:
        """WordNet ids, sorted: the training folders, or the classes of the test images if there are none."""
        if self.split == 'train' or os.path.isdir(self.train_dir):
            return class_folders(self.train_dir)
        return self._test_classes()

    def check_boxes(self) -> None:
        """As in the base class; the boxes of 'test' were compared with the sizes in the XML files."""
        if self.split != 'test':
            super().check_boxes()

    def load_samples(self, num_classes: int) -> list[dict] | SampleTable:
        """All samples of the split, by class and name, or in the order of ImageNetV2's list."""
        if self.split == 'val':
            return self._load_imagenetv2(num_classes)
        classes = self._metainfo['classes']
        if self.split == 'train':
            check_same_classes(classes, 'classes', class_folders(self.train_dir), self.train_dir)
            folders = [os.path.join(self.train_dir, name) for name in classes]
            fingerprint = Fingerprint('train')
            fingerprint.add_paths(folders)
            return self._cached(
                self.train_dir, fingerprint, lambda: build_table(self.train_dir, self._train_rows(classes))
            )
        check_same_classes(classes, 'the training classes', self._test_classes(), self.test_dir)
        return self._cached(self.test_dir, self._test_fingerprint(classes), lambda: self._read_test(classes))

    def _train_rows(self, classes: Sequence[str]) -> Iterator[Row]:
        return ((name, label, None, None) for name, label in images_by_class(self.train_dir, classes))

    def _cached(self, folder: str, fingerprint: Fingerprint, read: Callable[[], SampleTable]) -> SampleTable:
        path = None if self.cache_dir is None else os.path.join(self.cache_dir, f'ilsvrc_{self.split}.npz')
        return cached_table(path, folder, fingerprint, read)

    def _flat(self) -> bool:
        """Whether the test images are in one folder, so that a list gives their classes."""
        if not os.path.isdir(self.test_dir):
            raise FileNotFoundError(f'Image folder {self.test_dir!r} does not exist. Check data_root and test_dir')
        with os.scandir(self.test_dir) as entries:
            return not any(entry.is_dir() for entry in entries if not is_clutter(entry.name))

    def _test_classes(self) -> list[str]:
        if not self._flat():
            return class_folders(self.test_dir)
        return sorted({line.fields[1] for line in self._read_labels().values()})

    def _read_labels(self) -> dict[str, Line]:
        if not os.path.isfile(self.label_file):
            raise FileNotFoundError(
                f'{self.test_dir!r} has no class folders, and the list of its classes, {self.label_file!r}, does not '
                'exist. tools/dataset_converters/prepare_ilsvrc.py writes it'
            )
        return read_mapping(self.label_file, ('image', 'class'))

    def _test_fingerprint(self, classes: Sequence[str]) -> Fingerprint:
        fingerprint = Fingerprint('test', *classes)
        folders = [self.test_dir] if self._flat() else [os.path.join(self.test_dir, name) for name in classes]
        fingerprint.add_paths([self.label_file, *folders] if self._flat() else folders)
        if not os.path.isdir(self.box_dir):
            raise FileNotFoundError(f'Box folder {self.box_dir!r} does not exist. Check data_root and box_dir')
        with os.scandir(self.box_dir) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                fingerprint.add(entry.name, entry.stat())
        return fingerprint

    def _read_test(self, classes: Sequence[str]) -> SampleTable:
        number = {name: label for label, name in enumerate(classes)}
        if self._flat():
            lines = self._read_labels()
            images = image_names(self.test_dir)
            _check_complete(images, list(lines), self.test_dir, self.label_file)
            labeled = [(name, number[lines[name].fields[1]]) for name in images]
        else:
            labeled = list(images_by_class(self.test_dir, classes))
        steps = track(labeled, 'Reading boxes', least=_MANY)
        return build_table(self.test_dir, (self._test_row(name, label, number) for name, label in steps))

    def _test_row(self, name: str, label: int, number: dict[str, int]) -> Row:
        path = os.path.join(self.box_dir, xml_name(name))
        if not os.path.isfile(path):
            raise FileNotFoundError(f'Box file {path!r} of image {name!r} does not exist. Unpack the box archive again')
        found = read_box_xml(path)
        labels = [number.get(each, -1) for each in found.names]
        if label not in labels:
            raise ValueError(
                f'{path}: {name!r} has no box of its class {self._metainfo["classes"][label]}, only of '
                f'{sorted(set(found.names))}. Check its label'
            )
        return name, label, found.boxes, labels

    def _load_imagenetv2(self, num_classes: int) -> list[dict]:
        if not os.path.isdir(self.val_lists):
            raise FileNotFoundError(
                f"ILSVRCLocalization: split 'val' is ImageNetV2, but its lists {self.val_lists!r} do not exist. "
                'ImageNetV2 is a separate download; tools/dataset_converters/prepare_imagenetv2.py creates the layout. '
                "Without it, validate with split='test' and do not tune anything on the result"
            )
        samples = read_images(self.val_lists, self.data_root, num_classes)
        add_boxes(samples, self.val_lists)
        return list(samples.values())


def _check_complete(images: Sequence[str], listed: Sequence[str], folder: str, label_file: str) -> None:
    for some, others, text in (
        (images, listed, f'in {folder!r}, but not in {label_file!r}'),
        (listed, images, f'in {label_file!r}, but not in {folder!r}'),
    ):
        alone = sorted(set(some) - set(others))
        if alone:
            raise ValueError(
                f'{len(alone)} images are {text}, first: {alone[0]!r}. Unpack the images again, or rewrite the list '
                'with tools/dataset_converters/prepare_ilsvrc.py'
            )
