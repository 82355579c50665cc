# Plain CAM, its usual schedule (rate 0.001), ResNet50 on ILSVRC2012; not in the paper.
_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
