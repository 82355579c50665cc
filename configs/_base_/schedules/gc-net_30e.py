# GC-Net: Adam at 0.0001, batch 32, 30 epochs, falling from epoch 20 on (the authors let it fall faster).
# The last layers and the sharpness learn ten times as fast.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=0.0001),
    paramwise_cfg=dict(custom_keys=dict(box_layers=dict(lr_mult=10), sharpness=dict(lr_mult=10))),
)
param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.1, begin=20, end=30, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=3)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=32)
