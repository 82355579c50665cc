# The embedded data at 128x128 pixels, for pretrained networks.
_base_ = ['./synthetic_localization.py']
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=128, flip_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=128),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=128, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]
train_dataloader = dict(batch_size=16, dataset=dict(image_size=128, pipeline=train_pipeline))
val_dataloader = dict(batch_size=32, dataset=dict(image_size=128, pipeline=test_pipeline))
test_dataloader = dict(batch_size=32, dataset=dict(image_size=128, pipeline=test_pipeline))
