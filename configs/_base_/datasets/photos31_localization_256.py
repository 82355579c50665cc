# photos31 as photos31_localization.py, but val and test images at 256x256, the size that training crops 224x224 from:
# the objects then have the same size in pixels as in training. For networks that are convolutional up to the box.
_base_ = ['./photos31_localization.py']
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=256),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=256, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]
