# TAP on CUB, as its authors: rate 0.003, 200 epochs with steps at 60, 120 and 180, batch 40; ImageNet's layers learn a
# tenth as fast as the new ones.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.003, momentum=0.9, weight_decay=0.0005, nesterov=True),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[60, 120, 180], gamma=0.1, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=20)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=40)
