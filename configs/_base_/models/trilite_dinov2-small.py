# TriLite's head on a frozen DINOv2 of mmpretrain, patches of 14x14 pixels, tokens in front of the last norm. Weights:
# SLTNET_DINOV2_SMALL=<file or URL>, or mmpretrain's.
host = 'https://download.openmmlab.com/mmpretrain/v1.0'
file = '{{$SLTNET_DINOV2_SMALL:-}}'
dinov2 = f'{host}/dinov2/vit-small-p14_dinov2-pre_3rdparty_20230426-5641ca5a.pth' if file == '-' else file
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True),
    backbone=dict(
        type='VisionTransformer',
        arch='dinov2-small',
        img_size=518,
        patch_size=14,
        layer_scale_init_value=1e-5,
        out_type='raw',
        final_norm=False,
        frozen_stages=12,
        init_cfg=dict(type='Pretrained', _scope_='sltnet_mm', checkpoint=dinov2, prefix='backbone'),
    ),
    head=dict(type='sltnet_mm.TriLiteHead', in_channels=384, num_classes=1000, loss=dict(type='CrossEntropyLoss')),
)
