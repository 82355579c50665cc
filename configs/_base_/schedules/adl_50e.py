# ADL on CUB: rate 0.01 and batch 32 as its authors, epochs and steps as wsolevaluation.
_base_ = ['./cam_50e.py']
optim_wrapper = dict(optimizer=dict(lr=0.01))
auto_scale_lr = dict(base_batch_size=32)
