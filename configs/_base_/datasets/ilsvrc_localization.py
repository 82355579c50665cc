# ILSVRC2012 (CLS-LOC), the paper's views: 256 -> random 224 for training, 224 for the test.
# The test split is the 50,000 validation images, evaluated while training: choose no epoch and no threshold by it.
# imagenetv2_localization.py validates on ImageNetV2 instead.
# The boxes are of the images as they are stored: the loader must not turn them by their EXIF orientation.
data_root = 'data/ILSVRC'

train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.ResizeCrop', resize=224),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=224, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='sltnet_mm.ILSVRCLocalization', data_root=data_root, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='sltnet_mm.ILSVRCLocalization', data_root=data_root, split='test', pipeline=test_pipeline),
)
test_dataloader = val_dataloader

val_evaluator = [dict(type='sltnet_mm.LocalizationMetric')]
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric')]
