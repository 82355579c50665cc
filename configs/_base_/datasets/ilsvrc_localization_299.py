# ILSVRC2012, the paper's views for InceptionV3: 320 -> random 299 for training, 299 for the test.
_base_ = ['./ilsvrc_localization.py']
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.ResizeCrop', resize=320, crop=299, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.ResizeCrop', resize=299),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=299, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
