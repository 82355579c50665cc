# I2C, as its authors: rate 0.001, 5 epochs with steps at 2, 3 and 4, batches of 40 pairs.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0005, nesterov=True),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[2, 3, 4], gamma=0.1, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=80)
