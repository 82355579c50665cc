# Plain CAM with ImageNet weights on the embedded data: the baseline and the classifier of `make demo`.
_base_ = [
    '../_base_/models/cam_squeezenet1-1-s8.py',
    '../_base_/datasets/synthetic_localization_128.py',
    '../_base_/schedules/cam_2e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric'), dict(type='Accuracy', topk=(1, 5))]
