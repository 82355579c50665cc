# The paper's optimization (Sec. 4.1): SGD at 0.0002, constant, batch 16, 4 epochs (CUB). The schedules built on it name
# the new layers of a localizer, which learn ten times as fast, as in TS-CAM and wsolevaluation; the paper does not say.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.0002, momentum=0.9, weight_decay=0.0005))
param_scheduler = []
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=16)
