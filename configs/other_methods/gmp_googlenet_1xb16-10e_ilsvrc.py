# CAM with global max pooling, GoogLeNet on ILSVRC2012; Table 4: Top-1 LOC 42.2.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(pooling='max'))
