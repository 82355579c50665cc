# Plain CAM, its usual schedule (rate 0.001), VGG16 on CUB; CAM in Tables 1, 5 and 6 (GT-known 58.0).
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/cam_50e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
