# SLT-Net with VGG16 on your own images: a folder and a CSV file. Set data_root, the class count and K (15 % of the
# classes).
_base_ = [
    '../_base_/models/slt-net_vgg16.py',
    '../_base_/datasets/csv_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
num_classes = 20
top_k = 3
model = dict(localizer=dict(head=dict(num_classes=num_classes, loss=dict(top_k=top_k))))
default_hooks = dict(preprocessing=dict(type='sltnet_mm.PreprocessingHook'))
