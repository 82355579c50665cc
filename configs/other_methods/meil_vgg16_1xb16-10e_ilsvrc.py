# Erasing integrated learning (MEIL), VGG16 on ILSVRC2012; Table 3: Top-1 LOC 46.8.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    type='sltnet_mm.MEILClassifier',
    erase_layer='backbone.features.13',
)
