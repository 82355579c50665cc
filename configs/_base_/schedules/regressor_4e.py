# The paper's optimization of the regressor alone (Sec. 4.1, CUB), at 0.001 in place of 0.0002 as in slt_4e.py.
_base_ = ['./sgd_4e.py']
optim_wrapper = dict(optimizer=dict(lr=0.001))
