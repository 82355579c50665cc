# SPG on ILSVRC2012: 5 epochs, batch 20; the rate is plain CAM's.
_base_ = ['./cam_50e.py']
param_scheduler = []
train_cfg = dict(max_epochs=5, val_interval=1)
auto_scale_lr = dict(base_batch_size=20)
