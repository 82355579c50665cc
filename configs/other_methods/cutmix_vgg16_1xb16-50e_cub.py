# CutMix of mmpretrain, probability 1, VGG16 on CUB.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/cam_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    data_preprocessor=dict(num_classes=200),
    head=dict(num_classes=200, loss=dict(use_soft=True)),
    train_cfg=dict(augments=dict(type='CutMix', alpha=1.0)),
)
