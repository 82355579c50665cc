# Plain CAM, its usual schedule, GoogLeNet on ILSVRC2012; Table 4: Top-1 LOC 43.6.
_base_ = [
    '../_base_/models/cam_googlenet.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
