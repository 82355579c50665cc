# SLT-Net, localizer and regressor trained together (Sec. 3.1), ResNet50 on ILSVRC2012; the paper's row takes pseudo
# boxes of InceptionV3, see configs/regressor.
_base_ = [
    '../_base_/models/slt-net_resnet50.py',
    '../_base_/datasets/ilsvrc_localization.py',
    '../_base_/schedules/slt_2e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
model = dict(localizer=dict(head=dict(num_classes=1000, loss=dict(top_k=100, alpha=0.2))))
