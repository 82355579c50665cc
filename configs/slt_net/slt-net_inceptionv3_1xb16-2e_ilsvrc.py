# SLT-Net, localizer and regressor trained together (Sec. 3.1), InceptionV3 on ILSVRC2012; Table 4: GT-known 67.6, Top-1
# LOC 55.7, Top-5 LOC 65.4.
_base_ = [
    '../_base_/models/slt-net_inceptionv3.py',
    '../_base_/datasets/ilsvrc_localization_299.py',
    '../_base_/schedules/slt_2e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
model = dict(localizer=dict(head=dict(num_classes=1000, loss=dict(top_k=100, alpha=0.2))))
