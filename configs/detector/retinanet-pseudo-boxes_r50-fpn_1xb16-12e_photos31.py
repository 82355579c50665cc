# RetinaNet with ResNet-50 as mmdet ships it, on pseudo boxes: the class count and the data are all that is ours.
_base_ = [
    'mmdet::_base_/models/retinanet_r50_fpn.py',
    '../_base_/datasets/photos31_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    'mmdet::_base_/default_runtime.py',
]
model = dict(bbox_head=dict(num_classes=31))
optim_wrapper = dict(optimizer=dict(lr=0.01))  # as retinanet_r50_fpn_1x_coco.py, for batch 16
