# TriLite on a frozen DINOv2 ViT-S/14, CUB: 224x224 in training, 448x448 at the test.
_base_ = [
    '../_base_/models/trilite_dinov2-small.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/default_runtime.py',
    '../_base_/schedules/trilite_200e.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200, alpha=100.0, dropout=0.5))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=448),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
train_dataloader = dict(batch_size=128)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
best = 'map/sltnet/gt_known'
default_hooks = dict(
    early_stopping=dict(type='EarlyStoppingHook', monitor=best, rule='greater', patience=10),
    checkpoint=dict(save_best=best, rule='greater'),
)
