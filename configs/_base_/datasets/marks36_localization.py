# marks36: photographic composites of fine-grained classes, built by tools/dataset_converters/make_marks36.py: six kinds
# of animals in six classes each, which differ in a small mark. 576 training, 72 validation and 540 test images of
# 256x256, on disjoint photographs. The views are smaller than photos31's, so that a training takes minutes on a CPU.
_base_ = ['./photos31_localization.py']
classes = [
    f'{kind}_{mark}'
    for kind in ('Bison', 'Elephant', 'Hippopotamus', 'Horse', 'Pig', 'Sheep')
    for mark in ('Red', 'Yellow', 'Blue', 'White', 'Stripes', 'Ring')
]
data_root = 'data/marks36'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=184, crop=160, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=160),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=160, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]

dataset = dict(data_root=data_root, ann_dir='metadata/MARKS36', classes=classes)
train_dataloader = dict(dataset=dict(dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(dataset, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(dataset, pipeline=test_pipeline))
