# SLT-Net's classifier, ImageNet's InceptionV3 as it is, ten crops at test, on ILSVRC2012; Table 4: Top-1 CLS 78.1. Test
# only.
_base_ = [
    '../_base_/models/classifier_inceptionv3.py',
    '../_base_/datasets/ilsvrc_tencrop_299.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
load_from = _base_.pretrained.inceptionv3
train_dataloader = None
val_dataloader = None
val_evaluator = None
test_cfg = dict()
