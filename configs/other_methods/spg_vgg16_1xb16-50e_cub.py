# Self-produced guidance, VGG16 on CUB; Table 1: Top-1 LOC 48.9.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/cam_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(out_indices=(3, 4)),
    head=dict(
        type='sltnet_mm.SPGHead',
        num_classes=200,
        branch_channels=(512, 512),
        conv_channels=(1024, 1024),
        cam_thresholds=(0.01, 0.7),
    ),
)
