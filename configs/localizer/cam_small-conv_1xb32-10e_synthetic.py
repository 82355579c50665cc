# Plain CAM on the embedded data: the baseline of `make demo`.
_base_ = [
    '../_base_/models/cam_small-conv.py',
    '../_base_/datasets/synthetic_localization.py',
    '../_base_/schedules/sgd_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric'), dict(type='Accuracy', topk=(1, 5))]
