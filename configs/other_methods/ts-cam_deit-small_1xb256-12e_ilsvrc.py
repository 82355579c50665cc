# TS-CAM, DeiT-small on ILSVRC2012.
_base_ = [
    '../_base_/models/ts-cam_deit-small.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/ts-cam_12e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
train_dataloader = dict(batch_size=256)
