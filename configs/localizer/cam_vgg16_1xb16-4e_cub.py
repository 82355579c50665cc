# Plain CAM with the "new optimization" (rate 0.0002, 4 epochs), VGG16 on CUB; Table 5, second row (GT-known 74.3).
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
