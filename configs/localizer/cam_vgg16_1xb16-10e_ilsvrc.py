# Plain CAM, its usual schedule (rate 0.001), VGG16 on ILSVRC2012; CAM in Tables 3, 5 and 6 (GT-known 59.0).
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
