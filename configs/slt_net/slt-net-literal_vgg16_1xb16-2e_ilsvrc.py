# SLT-Net with the paper's L_VST to the letter (eq. 13): raw class maps, summed over the classes, beta = 10; VGG16 on
# ILSVRC2012. It collapses maps.
_base_ = [
    '../_base_/models/slt-net_vgg16.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/slt_2e.py',
    '../_base_/hooks/vst_literal_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# The regressor as in regressor-literal_vgg16_*.py.
model = dict(
    localizer=dict(head=dict(num_classes=1000, loss=dict(top_k=100, alpha=0.2))),
    regressor=dict(
        backbone=dict(with_last_pool=True),
        bbox_head=dict(_delete_=True, type='sltnet_mm.SingleBoxHead', in_channels=512, reduce_channels=None),
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(regressor=dict(lr_mult=1))))
