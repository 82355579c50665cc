# OpenImages30k (Choe et al., CVPR 2020): 100 classes, masks in place of boxes, so PxAP in place of box accuracies.
data_root = 'data/OpenImages'

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
    ann_dir='metadata/OpenImages',
    localization='masks',
    num_classes=100,
)
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(dataset, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, split='val', pipeline=test_pipeline),
)
test_dataloader = dict(val_dataloader, dataset=dict(dataset, split='test', pipeline=test_pipeline))

val_evaluator = [dict(type='sltnet_mm.PixelAveragePrecision')]
test_evaluator = [dict(type='sltnet_mm.PixelAveragePrecision')]
