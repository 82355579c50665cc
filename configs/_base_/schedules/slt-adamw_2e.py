# AdamW for SLT-Net in the few iterations of a demo: rate 0.0001, constant, batch 16, 2 epochs, after 10 iterations of
# warm-up, without which a localizer can lose its features in the first steps. New layers of the localizer learn ten
# times as fast, the regressor three times.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0001, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'localizer.head': dict(lr_mult=10), 'regressor': dict(lr_mult=3)}),
)
param_scheduler = [dict(type='LinearLR', start_factor=0.05, begin=0, end=10, by_epoch=False)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=2)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=16)
