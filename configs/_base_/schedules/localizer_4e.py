# The paper's optimization of the localizer alone (Sec. 4.1, CUB).
_base_ = ['./sgd_4e.py']
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))))
