# Background activation suppression, SqueezeNet 1.1 on photos31.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    type='sltnet_mm.BASClassifier',
    mask_layer='backbone.features.7',  # the last layer of stride 8, as conv4_3 of VGG16
    mask_channels=256,
    foreground_weight=0.0,
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(masks=dict(lr_mult=10))))
