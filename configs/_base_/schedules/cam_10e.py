# Plain CAM's usual schedule on ILSVRC2012. The paper gives the rate, 0.001 (Sec. 4.2), and no more: the epochs and the
# steps are wsolevaluation's, momentum, weight decay and batch those of the paper's other runs.
_base_ = ['./localizer_4e.py']
optim_wrapper = dict(optimizer=dict(lr=0.001))
param_scheduler = [dict(type='MultiStepLR', milestones=[3, 6, 9], gamma=0.1, by_epoch=True)]
train_cfg = dict(max_epochs=10, val_interval=1)
