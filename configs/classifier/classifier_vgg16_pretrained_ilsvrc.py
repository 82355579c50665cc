# SLT-Net's classifier, ImageNet's VGG16 as it is, ten crops at test, on ILSVRC2012; Table 3: Top-1 CLS 72.4. Test only.
_base_ = [
    '../_base_/models/classifier_vgg16.py',
    '../_base_/datasets/ilsvrc_tencrop.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
load_from = _base_.pretrained.vgg16
train_dataloader = None
val_dataloader = None
val_evaluator = None
test_cfg = dict()
