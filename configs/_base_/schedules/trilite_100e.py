# TriLite on ILSVRC2012, as its authors; see trilite_200e.py.
_base_ = ['./trilite_200e.py']
optim_wrapper = dict(optimizer=dict(lr=5e-6), paramwise_cfg=dict(custom_keys={'head.fc': dict(lr_mult=50)}))
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=256)
