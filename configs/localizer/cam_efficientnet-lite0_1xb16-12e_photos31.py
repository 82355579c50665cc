# Plain CAM on EfficientNet-Lite0 (batch norm, residual connections) on photos31: rate 0.005, 12 epochs.
_base_ = [
    '../_base_/models/cam_efficientnet-lite0.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/cam_12e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
optim_wrapper = dict(optimizer=dict(lr=0.005))
