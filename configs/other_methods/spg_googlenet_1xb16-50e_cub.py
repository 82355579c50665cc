# Self-produced guidance, GoogLeNet on CUB; Table 2: Top-1 LOC 46.6.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/cam_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(end=None, taps=('inception3b', 'inception4d', 'inception4e')),
    head=dict(
        type='sltnet_mm.SPGHead',
        num_classes=200,
        branch_channels=(480, 528),
        conv_channels=(1024, 1024),
        cam_thresholds=(0.01, 0.7),
    ),
)
