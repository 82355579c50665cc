# SLT-Net's regressor trained offline on the InceptionV3 localizer's pseudo boxes, DenseNet161 on ILSVRC2012; Table 7:
# GT-known 69.0, Top-1 LOC 57.1.
_base_ = [
    '../_base_/models/regressor_densenet161.py',
    '../_base_/datasets/ilsvrc_pseudo_boxes.py',
    '../_base_/schedules/regressor_2e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# Written by tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_inceptionv3_1xb16-2e_ilsvrc.py CHECKPOINT
# --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/slt-localizer_inceptionv3_1xb16-2e_ilsvrc/pseudo_boxes.json'))
