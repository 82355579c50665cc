# SLT-Net, VGG16 on CUB (Table 1: GT-known 87.6, Top-1 LOC 67.8) as slt-net_vgg16_1xb16-4e_cub.py, validated on CUBV2
# while it trains: choose epochs, thresholds and settings by that number, and test once.
_base_ = [
    '../_base_/models/slt-net_vgg16.py',
    '../_base_/datasets/cubv2_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
