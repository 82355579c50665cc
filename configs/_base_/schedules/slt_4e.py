# The paper's optimization of localizer and regressor trained together (Sec. 4.1, CUB). Ours: the whole regressor, trunk
# and head, learns five times as fast, 0.001 (docs/benchmarks.md); at ten times, the flattened head's ReLUs die.
_base_ = ['./sgd_4e.py']
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'localizer.head': dict(lr_mult=10), 'regressor': dict(lr_mult=5)}))
