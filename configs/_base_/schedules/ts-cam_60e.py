# TS-CAM on CUB: AdamW, rate 0.00005 and 60 epochs of the paper, a tenth from epoch 30 on as in the authors' configs.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=5e-5, betas=(0.9, 0.99), weight_decay=5e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[30], gamma=0.1, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=5)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=128)
