# The paper's optimization of localizer and regressor trained together on ILSVRC2012: 2 epochs.
_base_ = ['./slt_4e.py']
train_cfg = dict(max_epochs=2)
