# The paper's optimisation of localizer and regressor on ILSVRC2012: 2 epochs.
_base_ = ['./slt_4e.py']
train_cfg = dict(max_epochs=2)
