# Table 5, second row: plain CAM with the "new optimization" (rate 0.0002, 4 epochs); SqueezeNet 1.1 on marks36.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/marks36_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=36))
