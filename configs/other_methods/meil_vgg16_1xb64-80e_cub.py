# Erasing integrated learning (MEIL), VGG16 on CUB; Table 1: GT-known 73.8, Top-1 LOC 57.5.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/meil_80e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    type='sltnet_mm.MEILClassifier',
    erase_layer='backbone.features.13',
    head=dict(num_classes=200),
)
train_dataloader = dict(batch_size=64)
