# Plain CAM with the "new optimization" (rate 0.0002, 4 epochs), ResNet50 on CUB; not in the paper.
_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/cub_localization.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
