# The paper's optimization of the regressor alone on ILSVRC2012: 2 epochs.
_base_ = ['./regressor_4e.py']
train_cfg = dict(max_epochs=2)
