# SLT-Net, joint training of localizer and regressor, on the embedded data: the main run of `make demo`.
_base_ = [
    '../_base_/models/slt-net_small-conv.py',
    '../_base_/datasets/synthetic_localization.py',
    '../_base_/schedules/sgd_10e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
