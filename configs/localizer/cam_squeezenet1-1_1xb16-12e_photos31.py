# Table 5, first row: plain CAM trained as classifiers usually are (rate 0.002, 12 epochs); SqueezeNet 1.1 on photos31.
_base_ = ['./cam_squeezenet1-1_1xb16-4e_photos31.py']
optim_wrapper = dict(optimizer=dict(lr=0.002))
train_cfg = dict(max_epochs=12, val_interval=4)
