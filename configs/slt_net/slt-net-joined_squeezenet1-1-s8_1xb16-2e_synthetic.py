# The SLT-Net of `make demo` with its classifier joined: plain CAM's network, which is trained as a classifier.
_base_ = ['./slt-net_squeezenet1-1-s8_1xb16-2e_synthetic.py']
model = dict(
    classifier=dict(
        type='mmpretrain.ImageClassifier',
        backbone=_base_.model.localizer.backbone,
        head=dict(
            type='sltnet_mm.CAMHead', in_channels=512, num_classes=12, loss=dict(type='CrossEntropyLoss'), top_k=1
        ),
    )
)
