# Plain CAM's usual schedule on photos31: rate 0.002, constant, 12 epochs. Our choice.
_base_ = ['./cam_50e.py']
optim_wrapper = dict(optimizer=dict(lr=0.002))
param_scheduler = []
train_cfg = dict(max_epochs=12, val_interval=4)
