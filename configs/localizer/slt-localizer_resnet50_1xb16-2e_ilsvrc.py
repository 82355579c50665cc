# SLT-Net's localizer (eq. 2), ResNet50 on ILSVRC2012; Table 6 (GT-known 54.0).
_base_ = ['./cam_resnet50_1xb16-2e_ilsvrc.py', '../_base_/hooks/vst.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=100, alpha=0.2), top_k=None))
