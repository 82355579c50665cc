# TAP with L_SMT, ACAM and L_VST, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/hooks/vst.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=5, alpha=0.4), top_k=None, pooling='tap'))
# Pooled so, this network's features are far larger than their mean.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1))))
