# SLT-Net, VGG16 on ILSVRC2012 as slt-net_vgg16_1xb16-2e_ilsvrc.py, validated on ImageNetV2 while it trains: choose
# epochs, thresholds and settings by that number, and test once.
_base_ = [
    '../_base_/models/slt-net_vgg16.py',
    '../_base_/datasets/imagenetv2_localization.py',
    '../_base_/schedules/slt_2e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
model = dict(localizer=dict(head=dict(num_classes=1000, loss=dict(top_k=100, alpha=0.2))))
