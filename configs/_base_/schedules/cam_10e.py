# Plain CAM's usual schedule on ILSVRC2012 and OpenImages30k: 10 epochs and steps as in wsolevaluation.
_base_ = ['./cam_50e.py']
param_scheduler = [dict(type='MultiStepLR', milestones=[3, 6, 9], gamma=0.1, by_epoch=True)]
train_cfg = dict(max_epochs=10, val_interval=1)
