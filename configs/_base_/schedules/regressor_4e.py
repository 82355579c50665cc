# The paper's optimization of the regressor alone (Sec. 4.1, CUB).
_base_ = ['./sgd_4e.py']
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(bbox_head=dict(lr_mult=10))))
