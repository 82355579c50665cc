# ADL on ILSVRC2012: rate 0.01 and batch 256 as its authors, epochs and steps as wsolevaluation.
_base_ = ['./cam_10e.py']
optim_wrapper = dict(optimizer=dict(lr=0.01))
auto_scale_lr = dict(base_batch_size=256)
