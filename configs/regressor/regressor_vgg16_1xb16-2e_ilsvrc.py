# SLT-Net's regressor trained offline on the InceptionV3 localizer's pseudo boxes, VGG16 on ILSVRC2012; Table 3:
# GT-known 67.2, Top-1 LOC 51.2, Top-5 LOC 62.4.
_base_ = [
    '../_base_/models/regressor_vgg16.py',
    '../_base_/datasets/ilsvrc_pseudo_boxes.py',
    '../_base_/schedules/regressor_2e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# Written by tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_inceptionv3_1xb16-2e_ilsvrc.py CHECKPOINT
# --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/slt-localizer_inceptionv3_1xb16-2e_ilsvrc/pseudo_boxes.json'))
