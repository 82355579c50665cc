# ACoL on ILSVRC2012: 6 epochs.
_base_ = ['./acol_60e.py']
train_cfg = dict(max_epochs=6, val_interval=1)
