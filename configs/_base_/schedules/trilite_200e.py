# TriLite on CUB, as its authors: AdamW, a constant rate, ten times as high for the classifier of the class token, until
# the validation does not improve for ten epochs (default_hooks of the configs). They choose the epoch of each part
# alone; here it is one for both.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=10)}),
)
param_scheduler = []
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=128)
