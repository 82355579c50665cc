# Plain CAM in the demo: rate 0.0005, constant, 2 epochs. Our choice; at 0.001 the new layer sometimes dies at first.
_base_ = ['./cam_50e.py']
optim_wrapper = dict(optimizer=dict(lr=0.0005))
param_scheduler = []
train_cfg = dict(max_epochs=2, val_interval=2)
