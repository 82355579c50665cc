# Plain CAM, its usual schedule, GoogLeNet on CUB; Table 2: Top-1 LOC 41.1.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/cam_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
