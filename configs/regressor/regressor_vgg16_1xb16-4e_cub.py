# SLT-Net's regressor trained offline on the VGG16 localizer's pseudo boxes, VGG16 on CUB; Table 1: GT-known 87.6, Top-1
# LOC 67.8.
_base_ = [
    '../_base_/models/regressor_vgg16.py',
    '../_base_/datasets/cub_pseudo_boxes.py',
    '../_base_/schedules/regressor_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# Written by tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_vgg16_1xb16-4e_cub.py CHECKPOINT --out this
# file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/slt-localizer_vgg16_1xb16-4e_cub/pseudo_boxes.json'))
