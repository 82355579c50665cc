# MEIL on CUB, as its authors: rate 0.001, weight decay 0.0001, 80 epochs with a step at 60, batch 64; the last
# layer learns ten times as fast.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0001, nesterov=True),
    paramwise_cfg=dict(custom_keys=dict(**{'head.cam': dict(lr_mult=10)})),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[60], gamma=0.1, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=80, val_interval=8)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=64)
