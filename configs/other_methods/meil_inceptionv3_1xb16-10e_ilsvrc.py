# Erasing integrated learning (MEIL), InceptionV3 on ILSVRC2012; Table 4: Top-1 LOC 49.5.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    type='sltnet_mm.MEILClassifier',
    erase_layer='backbone.Mixed_6a',
)
