# Self-produced guidance, InceptionV3 on ILSVRC2012; Table 4: Top-1 LOC 48.6.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/spg_5e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    backbone=dict(taps=('Mixed_5d', 'Mixed_6d')),
    head=dict(
        type='sltnet_mm.SPGHead', branch_channels=(288, 768), conv_channels=(1024, 1024), cam_thresholds=(0.05, 0.7)
    ),
)
train_dataloader = dict(batch_size=20)
