# Plain CAM with the "new optimization" (rate 0.0002, 2 epochs), InceptionV3 on ILSVRC2012; not in the paper.
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/localizer_2e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
