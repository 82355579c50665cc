# RTMDet's head on SqueezeNet 1.1, trained on a localizer's pseudo boxes of photos31: a detector from image labels.
_base_ = [
    '../_base_/models/rtmdet_squeezenet1-1.py',
    '../_base_/datasets/photos31_detection.py',
    '../_base_/schedules/adamw_24e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
# mmdet's own drawing: several boxes per image
default_hooks = dict(visualization=dict(_delete_=True, type='DetVisualizationHook'))
visualizer = dict(type='DetLocalVisualizer')
