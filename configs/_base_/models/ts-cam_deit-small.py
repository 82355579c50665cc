# TS-CAM on DeiT-small of mmpretrain, patches of 16x16 pixels.
_base_ = ['../weights.py']
model = dict(
    type='sltnet_mm.TSCAMClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='VisionTransformer',
        arch='deit-small',
        img_size=224,
        patch_size=16,
        drop_path_rate=0.1,
        out_type='featmap',
        init_cfg=dict(
            type='Pretrained', _scope_='sltnet_mm', checkpoint=_base_.pretrained['deit_small'], prefix='backbone'
        ),
    ),
    head=dict(type='sltnet_mm.TSCAMHead', in_channels=384, num_classes=1000, loss=dict(type='CrossEntropyLoss')),
)
