# SLT-Net with ImageNet weights on the embedded data, localizer and regressor together: the main run of `make demo`.
_base_ = [
    '../_base_/models/slt-net_squeezenet1-1-s8.py',
    '../_base_/datasets/synthetic_localization_128.py',
    '../_base_/schedules/slt-adamw_2e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
