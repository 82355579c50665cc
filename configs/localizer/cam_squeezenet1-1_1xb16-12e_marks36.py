# Table 5, first row: plain CAM trained as classifiers usually are (rate 0.002, 12 epochs); SqueezeNet 1.1 on marks36.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/marks36_localization.py',
    '../_base_/schedules/cam_12e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=36))
