"""Refuse transforms that move pixels unrecorded, or load turned images: boxes would be wrong, nothing would say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

# Class names per package whose instances move pixels and leave ``homography_matrix`` alone. An unrecorded crop behind a
# recorded resize cannot be seen in the metadata, hence this list. mmcv.Pad is not in it: it adds pixels at the right
# and bottom only.
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
# Attributes under which wrappers of mmengine, mmcv, mmdet and mmpretrain keep what they wrap.
_CHILDREN = ('transforms', 'subroutines', 'resize', 't', 'policies')


def refuse_unrecorded(transforms: Iterable[Callable]) -> None:
    """Raise if a built pipeline holds, at any depth, a transform that moves pixels without recording it.

    Args:
        transforms: The built transforms of a pipeline.

    Raises:
        ValueError: Names the transform, and what to use in its place.

    Example:
        >>> from mmcv.transforms import CenterCrop
        >>> refuse_unrecorded([CenterCrop(crop_size=224)])
        Traceback (most recent call last):
        ...
        ValueError: The pipeline holds mmcv's CenterCrop, which moves pixels but does not record it in
            homography_matrix. ...
    """
    for transform in _walk(transforms, set()):
        kind = _responsible(type(transform))
        package = kind.__module__.partition('.')[0]
        if kind.__name__ in UNRECORDED.get(package, ()):
            raise ValueError(
                f"The pipeline holds {package}'s {kind.__name__}, which moves pixels but does not record it in "
                'homography_matrix. Boxes would be mapped back wrongly. Use sltnet_mm.ResizeCrop (resize, crop, '
                "flip), or mmdet's Resize, RandomCrop and RandomFlip"
            )


def refuse_turning(transforms: Iterable[Callable], user: str) -> None:
    """Raise if a loader in a built pipeline turns images by their EXIF orientation.

    Args:
        transforms: The built transforms of a pipeline.
        user: The data set whose boxes are of the images as they are stored.

    Raises:
        ValueError: Names the loader and the mend.

    Example:
        >>> from mmcv.transforms import LoadImageFromFile
        >>> refuse_turning([LoadImageFromFile(color_type='color_ignore_orientation')], 'ILSVRCLocalization')
        >>> refuse_turning([LoadImageFromFile()], 'ILSVRCLocalization')
        Traceback (most recent call last):
        ...
        ValueError: The boxes of ILSVRCLocalization are of the images as they are stored, but LoadImageFromFile with
            color_type='color' turns them by their EXIF orientation. Give it color_type='color_ignore_orientation'.
    """
    for transform in _walk(transforms, set()):
        flag = getattr(transform, 'color_type', None) if type(transform).__name__.startswith('LoadImage') else None
        if flag in ('color', 'grayscale'):
            raise ValueError(
                f'The boxes of {user} are of the images as they are stored, but {type(transform).__name__} with '
                f'color_type={flag!r} turns them by their EXIF orientation. Give it '
                f"color_type='{flag}_ignore_orientation'"
            )


def _responsible(kind: type) -> type:
    """The most derived class of a listed package, or with its own ``transform``: a subclass that records is trusted.

    mmdet's ``Resize`` records, mmcv's, which it derives from, does not.
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
