# Plain CAM with the "new optimization" (rate 0.0002, 4 epochs), InceptionV3 on CUB; not in the paper.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/cub_localization_299.py',
    '../_base_/schedules/localizer_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
model = dict(head=dict(num_classes=200))
