# Plain CAM, its usual schedule (rate 0.001), InceptionV3 on ILSVRC2012; Tables 4 and 6 (GT-known 62.7).
_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/cam_10e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
