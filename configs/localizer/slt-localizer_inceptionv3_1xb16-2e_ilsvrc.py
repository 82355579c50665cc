# SLT-Net's localizer (eq. 2), InceptionV3 on ILSVRC2012; Table 6 (GT-known 65.7).
_base_ = ['./cam_inceptionv3_1xb16-2e_ilsvrc.py', '../_base_/hooks/vst.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=100, alpha=0.2), top_k=None))
