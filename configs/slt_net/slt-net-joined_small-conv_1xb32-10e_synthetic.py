# SLT-Net with its classifier joined, for testing a checkpoint that tools/model_converters/merge_parts.py wrote.
_base_ = ['./slt-net_small-conv_1xb32-10e_synthetic.py']
model = dict(
    classifier=dict(
        type='mmpretrain.ImageClassifier',
        backbone=dict(type='sltnet_mm.SmallConvNet', width=16, pools=(0, 1, 3)),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', in_channels=64, num_classes=12, loss=dict(type='CrossEntropyLoss')),
    )
)
test_evaluator = [
    dict(type='sltnet_mm.LocalizationMetric'),
    dict(type='mmpretrain.Accuracy', topk=(1, 5)),
    dict(type='VOCMetric', metric='mAP', eval_mode='area'),
    dict(type='CocoMetric', metric='bbox'),
]
