# SLT-Net, joint training of localizer and regressor with the paper's optimization, on photographic composites
# (photos31).
_base_ = [
    '../_base_/models/slt-net_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization_256.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# A moving average of the weights over about 50 iterations takes the place of a falling rate; docs/benchmarks.md.
default_hooks = dict(ema=dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.02))
