# Plain CAM's usual schedule on CUB. The paper gives the rate, 0.001 (Sec. 4.2), and no more: the epochs and the steps
# are wsolevaluation's, momentum, weight decay, batch and the faster head those of the paper's other runs (sgd_4e.py).
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.0005),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))),
)
param_scheduler = [dict(type='MultiStepLR', milestones=[15, 30, 45], gamma=0.1, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=5)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=16)
