# GC-Net with the formula of the ellipse, GoogLeNet on CUB; Table 2: Top-1 LOC 58.6.
_base_ = [
    '../_base_/models/gc-net_googlenet.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/gc-net_30e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    classifier=dict(head=dict(num_classes=200)),
    classifier_checkpoint='work_dirs/cam_googlenet_1xb16-50e_cub/epoch_50.pth',
)
train_dataloader = dict(batch_size=32)
