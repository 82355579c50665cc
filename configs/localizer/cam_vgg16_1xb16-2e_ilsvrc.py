# Plain CAM with the "new optimization" (rate 0.0002, 2 epochs), VGG16 on ILSVRC2012; Table 5, second row (GT-known
# 60.1).
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/localizer_2e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
