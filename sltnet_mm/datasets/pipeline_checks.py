"""Checks for what would silently give wrong boxes: unrecorded geometric transforms and unwanted EXIF rotation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

# Transforms, by package, that move pixels without updating ``homography_matrix``. The list is needed because an
# unrecorded crop after a recorded resize leaves no trace in the metadata. mmcv.Pad is not in it: it only adds pixels at
# the right and bottom.
UNRECORDED = {
    'mmcv': {'CenterCrop', 'Resize', 'RandomFlip'},
    'mmdet': {
        'Albu',
        'CachedMixUp',
        'CachedMosaic',
        'CopyPaste',
        'CutHeight',
        'Expand',
        'MinIoURandomCrop',
        'MixUp',
        'Mosaic',
        'RandomCenterCropPad',
        'RandomShift',
    },
    'mmpretrain': {
        'Albumentations',
        'EfficientNetCenterCrop',
        'EfficientNetRandomCrop',
        'MAERandomResizedCrop',
        'RandomCrop',
        'RandomResizedCrop',
        'RandomResizedCropAndInterpolationWithTwoPic',
        'RandomTranslatePad',
        'ResizeEdge',
        'Rotate',
        'Shear',
        'Translate',
    },
    'torchvision': {
        'CenterCrop',
        'ElasticTransform',
        'FiveCrop',
        'Pad',
        'RandomAffine',
        'RandomCrop',
        'RandomHorizontalFlip',
        'RandomIoUCrop',
        'RandomPerspective',
        'RandomResize',
        'RandomResizedCrop',
        'RandomRotation',
        'RandomShortestSize',
        'RandomVerticalFlip',
        'RandomZoomOut',
        'Resize',
        'ScaleJitter',
        'TenCrop',
    },
}
# Attributes in which wrappers of mmengine, mmcv, mmdet and mmpretrain store the wrapped transforms.
_CHILDREN = ('transforms', 'subroutines', 'resize', 't', 'policies')


def refuse_unrecorded(transforms: Iterable[Callable]) -> None:
    """Raise if a built pipeline contains, at any depth, a transform that moves pixels without recording it.

    Args:
        transforms: The built transforms of a pipeline.

    Raises:
        ValueError: If there is one. The message names it and a replacement.

    Example:
        >>> from mmcv.transforms import CenterCrop
        >>> refuse_unrecorded([CenterCrop(crop_size=224)])
        Traceback (most recent call last):
        ...
        ValueError: The pipeline contains mmcv's CenterCrop, which moves pixels but does not record it in
            homography_matrix, ...
    """
    for transform in _walk(transforms, set()):
        kind = _responsible(type(transform))
        package = kind.__module__.partition('.')[0]
        if kind.__name__ in UNRECORDED.get(package, ()):
            raise ValueError(
                f"The pipeline contains {package}'s {kind.__name__}, which moves pixels but does not record it in "
                'homography_matrix, so boxes would be mapped back to wrong places. Use sltnet_mm.ResizeCrop (resize, '
                "crop, flip), or mmdet's Resize, RandomCrop and RandomFlip"
            )


def refuse_exif_rotation(transforms: Iterable[Callable], user: str) -> None:
    """Raise if a loader in a built pipeline rotates images by their EXIF orientation.

    Args:
        transforms: The built transforms of a pipeline.
        user: Name of the data set, whose boxes refer to the stored images.

    Raises:
        ValueError: If a loader rotates images. The message names it and the fix.

    Example:
        >>> from mmcv.transforms import LoadImageFromFile
        >>> refuse_exif_rotation([LoadImageFromFile(color_type='color_ignore_orientation')], 'ILSVRCLocalization')
        >>> refuse_exif_rotation([LoadImageFromFile()], 'ILSVRCLocalization')
        Traceback (most recent call last):
        ...
        ValueError: The boxes of ILSVRCLocalization refer to the images as stored, but LoadImageFromFile with
            color_type='color' rotates them by their EXIF orientation. Set color_type='color_ignore_orientation'
    """
    for transform in _walk(transforms, set()):
        flag = getattr(transform, 'color_type', None) if type(transform).__name__.startswith('LoadImage') else None
        if flag in ('color', 'grayscale'):
            raise ValueError(
                f'The boxes of {user} refer to the images as stored, but {type(transform).__name__} with '
                f'color_type={flag!r} rotates them by their EXIF orientation. Set '
                f"color_type='{flag}_ignore_orientation'"
            )


def _responsible(kind: type) -> type:
    """The most derived class that is from a listed package or defines its own ``transform``.

    A subclass with its own ``transform`` is trusted to record: mmdet's ``Resize`` does, its base class in mmcv doesn't.
    """
    for ancestor in kind.__mro__:
        if ancestor.__module__.partition('.')[0] in UNRECORDED or 'transform' in vars(ancestor):
            return ancestor
    return kind


def _walk(node: object, seen: set[int]) -> Iterator[object]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _walk(child, seen)
    elif callable(node):
        yield node
        for name in _CHILDREN:
            child = getattr(node, name, None)
            if isinstance(child, (list, tuple)) or callable(child):
                yield from _walk(child, seen)
