# SLT-Net, localizer and regressor trained together (Sec. 3.1), VGG16 on CUB; Table 1: GT-known 87.6, Top-1 LOC 67.8.
_base_ = [
    '../_base_/models/slt-net_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
