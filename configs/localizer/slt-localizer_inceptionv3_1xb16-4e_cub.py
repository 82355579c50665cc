# SLT-Net's localizer (eq. 2), InceptionV3 on CUB; Table 6 (GT-known 78.6).
_base_ = ['./cam_inceptionv3_1xb16-4e_cub.py', '../_base_/hooks/vst.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4), top_k=None))
