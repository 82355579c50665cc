# Plain CAM, its usual schedule (rate 0.001), VGG16 on OpenImages30k, scored by PxAP; not in the paper.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/openimages_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=100))
