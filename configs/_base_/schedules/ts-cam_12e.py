# TS-CAM on ILSVRC2012: AdamW, rate 0.0005 and 12 epochs of the paper, a tenth from epoch 10 on as in the authors'
# configs.
_base_ = ['./ts-cam_60e.py']
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[10], gamma=0.1, by_epoch=True)]
train_cfg = dict(max_epochs=12, val_interval=1)
auto_scale_lr = dict(base_batch_size=256)
