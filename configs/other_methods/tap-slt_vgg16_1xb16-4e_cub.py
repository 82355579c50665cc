# TAP with L_SMT, ACAM and L_VST, VGG16 on CUB.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/hooks/vst.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(
    head=dict(num_classes=200, loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4), top_k=None, pooling='tap')
)
