# SLT-Net with the paper's L_VST to the letter (eq. 13): raw class maps, summed over the classes, beta = 10; VGG16 on
# CUB. It collapses maps.
_base_ = [
    '../_base_/models/slt-net_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_literal_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
