# SLT-Net's regressor trained offline on a localizer's pseudo boxes of the embedded data (Sec. 3.1), a small network.
_base_ = [
    '../_base_/models/regressor_small-conv.py',
    '../_base_/datasets/synthetic_pseudo_boxes.py',
    '../_base_/schedules/sgd_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# Written by tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_small-conv_1xb32-10e_synthetic.py CHECKPOINT
# --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/pseudo_boxes_synthetic.json'))
