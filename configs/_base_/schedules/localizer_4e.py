# The paper's optimisation of the localizer alone (Sec. 4.1, CUB): as slt_4e.py; the new layers are `head`.
_base_ = ['./slt_4e.py']
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(_delete_=True, head=dict(lr_mult=10))))
