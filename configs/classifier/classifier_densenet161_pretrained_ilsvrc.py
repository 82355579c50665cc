# SLT-Net's classifier, ImageNet's DenseNet161 as it is, ten crops at test, on ILSVRC2012. Test only.
_base_ = [
    '../_base_/models/classifier_densenet161.py',
    '../_base_/datasets/ilsvrc_tencrop.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
load_from = _base_.pretrained.densenet161
train_dataloader = None
val_dataloader = None
val_evaluator = None
test_cfg = dict()
