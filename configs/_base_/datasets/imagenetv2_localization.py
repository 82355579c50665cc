# ILSVRC2012 with ImageNetV2 (ten images per class, below ILSVRC/val2) for validation; the test stays ILSVRC's own.
_base_ = ['./ilsvrc_localization.py']
val_dataloader = dict(dataset=dict(split='val'))
