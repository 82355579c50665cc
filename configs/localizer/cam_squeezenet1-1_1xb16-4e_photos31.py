# Table 5, second row: plain CAM with the "new optimisation" (rate 0.0002, 4 epochs); SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(_delete_=True, head=dict(lr_mult=10))))
