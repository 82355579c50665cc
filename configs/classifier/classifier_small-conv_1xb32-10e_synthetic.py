# SLT-Net's classifier on the embedded data, under mmpretrain.
_base_ = [
    '../_base_/models/classifier_small-conv.py',
    '../_base_/datasets/synthetic_localization.py',
    '../_base_/schedules/sgd_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
val_evaluator = [dict(type='Accuracy', topk=(1, 5))]
test_evaluator = val_evaluator
