# TAP, NWC and PaS of Bae et al., SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(pooling='tap', positive_weights=True))
# Pooled so, this network's features are far larger than their mean.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1))))
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric', protocols=('sltnet', 'bae2020'))]
val_evaluator = test_evaluator
