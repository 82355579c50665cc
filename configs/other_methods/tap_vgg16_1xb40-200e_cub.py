# TAP, NWC and PaS of Bae et al., VGG16 on CUB.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/tap_200e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200, pooling='tap', positive_weights=True))
train_dataloader = dict(batch_size=40)
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric', protocols=('sltnet', 'bae2020'))]
val_evaluator = test_evaluator
