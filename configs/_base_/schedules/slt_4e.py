# The paper's optimization of localizer and regressor trained together (Sec. 4.1, CUB).
_base_ = ['./sgd_4e.py']
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'localizer.head': dict(lr_mult=10), 'regressor.bbox_head': dict(lr_mult=10)})
)
