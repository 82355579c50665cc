# PSOL, as its authors: rate 0.001 at batch 256, constant, 6 epochs; the head learns twice as fast.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0001),
    paramwise_cfg=dict(custom_keys=dict(bbox_head=dict(lr_mult=2))),
)
param_scheduler = []
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=256)
