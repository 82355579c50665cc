# The paper's optimization of the localizer alone on ILSVRC2012: 2 epochs.
_base_ = ['./localizer_4e.py']
train_cfg = dict(max_epochs=2)
