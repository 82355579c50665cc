# AdamW for SLT-Net in the few iterations of a demo: rate 0.0001, batch 16, 2 epochs, 20 iterations of warm-up (without
# it, a localizer can lose its features in the first steps), then a cosine. New layers of the localizer learn five times
# as fast, the regressor three times.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0001, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'localizer.head': dict(lr_mult=5), 'regressor': dict(lr_mult=3)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=20, by_epoch=False),
    dict(type='CosineAnnealingLR', T_max=2, by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=2)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=16)
