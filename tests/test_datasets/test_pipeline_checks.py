import pytest
from mmcv.transforms import CenterCrop
from mmengine.registry import DefaultScope

from sltnet_mm.datasets import SyntheticLocalization

PACK = dict(type='sltnet_mm.PackLocalizationInputs')
LOAD = dict(type='LoadImageFromFile')
OURS = dict(type='sltnet_mm.ResizeCrop', resize=32)
CENTER = dict(type='CenterCrop', crop_size=8)


def build(scope: str, *steps):
    with DefaultScope.overwrite_default_scope(scope):
        return SyntheticLocalization('val', num_images=2, pipeline=[LOAD, *steps, PACK])


@pytest.mark.parametrize(
    ('scope', 'step', 'name'),
    [
        ('mmpretrain', CENTER, "mmcv's CenterCrop"),
        ('mmdet', CENTER, "mmcv's CenterCrop"),
        ('mmpretrain', dict(type='Resize', scale=(8, 8)), "mmcv's Resize"),
        ('mmpretrain', dict(type='RandomFlip', prob=0.5), "mmcv's RandomFlip"),
        ('mmpretrain', dict(type='RandomCrop', crop_size=8), "mmpretrain's RandomCrop"),
        ('mmpretrain', dict(type='RandomResizedCrop', scale=8), "mmpretrain's RandomResizedCrop"),
        ('mmpretrain', dict(type='ResizeEdge', scale=8), "mmpretrain's ResizeEdge"),
        ('mmpretrain', dict(type='torchvision/RandomHorizontalFlip'), "torchvision's RandomHorizontalFlip"),
        ('mmdet', dict(type='MinIoURandomCrop'), "mmdet's MinIoURandomCrop"),
        ('mmdet', dict(type='Expand'), "mmdet's Expand"),
        ('mmpretrain', dict(type='RandomApply', transforms=[CENTER], prob=0.5), "mmcv's CenterCrop"),
        ('mmpretrain', dict(type='RandomChoice', transforms=[[CENTER], [OURS]]), "mmcv's CenterCrop"),
        ('mmpretrain', dict(type='RandomResize', scale=[(8, 8), (9, 9)], resize_type='Resize'), "mmcv's Resize"),
    ],
)
def test_unrecorded_transforms_are_refused(scope, step, name):
    with pytest.raises(ValueError, match=f'{name}.*homography_matrix.*sltnet_mm.ResizeCrop'):
        build(scope, OURS, step)


@pytest.mark.parametrize(
    ('scope', 'steps'),
    [
        ('mmdet', [dict(type='Resize', scale=(40, 36)), dict(type='RandomCrop', crop_size=(32, 32))]),
        ('mmdet', [OURS, dict(type='RandomFlip', prob=0.5), dict(type='Pad', size=(40, 40))]),
        ('mmdet', [dict(type='RandomResize', scale=[(40, 40), (50, 50)], resize_type='Resize')]),
        ('mmdet', [OURS, dict(type='PhotoMetricDistortion')]),
        ('mmpretrain', [OURS, dict(type='ColorJitter', brightness=0.4), dict(type='RandomGrayscale', prob=0.5)]),
    ],
)
def test_recording_and_color_transforms_are_welcome(scope, steps):
    dataset = build(scope, *steps)
    assert dataset[0]['data_samples'].metainfo['homography_matrix'].shape == (3, 3)


def test_recording_subclass_is_trusted_and_another_is_rejected():
    class Lazy(CenterCrop):
        pass

    class Recording(CenterCrop):
        def transform(self, results):
            return super().transform(results)

    SyntheticLocalization('val', num_images=2, pipeline=[LOAD, OURS, Recording(8), PACK])
    with pytest.raises(ValueError, match="mmcv's CenterCrop"):
        SyntheticLocalization('val', num_images=2, pipeline=[LOAD, OURS, Lazy(8), PACK])
