# photos31: photographic composites (cut-outs on photographs), built by tools/dataset_converters/make_photos31.py:
# 31 classes, 1,240 training, 155 validation and 620 test images of 256x256, on disjoint photographs.
_base_ = ['./photos31_classes.py']
data_root = 'data/photos31'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=224),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=224, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]

dataset = dict(
    type='sltnet_mm.LocalizationList',
    data_root=data_root,
    ann_dir='metadata/PHOTOS31',
    img_dir='images',
    mask_dir='masks',
    classes=_base_.classes,
)
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(dataset, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(val_dataloader, dataset=dict(dataset, split='test', pipeline=test_pipeline))

val_evaluator = [dict(type='sltnet_mm.LocalizationMetric')]
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric')]
