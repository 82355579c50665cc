# TS-CAM, DeiT-small on CUB.
_base_ = [
    '../_base_/models/ts-cam_deit-small.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/ts-cam_60e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
train_dataloader = dict(batch_size=128)
