# SLT-Net's regressor trained offline on a localizer's pseudo boxes of photos31 (Sec. 3.1), SqueezeNet 1.1.
_base_ = [
    '../_base_/models/regressor_squeezenet1-1.py',
    '../_base_/datasets/photos31_pseudo_boxes.py',
    '../_base_/schedules/regressor_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# Written by tools/generate_pseudo_boxes.py configs/localizer/slt-localizer_squeezenet1-1_1xb16-4e_photos31.py
# CHECKPOINT --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/pseudo_boxes_photos31.json'))
# A moving average of the weights over about 50 iterations takes the place of a falling rate; docs/benchmarks.md.
default_hooks = dict(ema=dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02))
