# SLT-Net, localizer and regressor trained together (Sec. 3.1), DenseNet161 on CUB; the paper's row takes pseudo boxes
# of VGG16, see configs/regressor.
_base_ = [
    '../_base_/models/slt-net_densenet161.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
