# SLT-Net, joint training of localizer and regressor with the paper's optimization, on photographic composites
# (photos31).
_base_ = [
    '../_base_/models/slt-net_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
