# ACoL on CUB, as its authors: rate 0.0001, 60 epochs, batch 20. They name no steps.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.0001, momentum=0.9, weight_decay=0.0005),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))),
)
param_scheduler = []
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=6)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=20)
