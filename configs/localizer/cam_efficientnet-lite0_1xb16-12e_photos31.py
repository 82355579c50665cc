# Plain CAM on EfficientNet-Lite0 (batch norm, residual connections) on photos31: rate 0.005, 12 epochs.
_base_ = [
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
optim_wrapper = dict(
    optimizer=dict(lr=0.005), paramwise_cfg=dict(custom_keys=dict(_delete_=True, head=dict(lr_mult=10)))
)
train_cfg = dict(max_epochs=12, val_interval=4)
