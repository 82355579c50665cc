# SLT-Net's localizer (eq. 2), ResNet50 on CUB; Table 6 (GT-known 68.2).
_base_ = ['./cam_resnet50_1xb16-4e_cub.py']
model = dict(head=dict(loss=dict(_delete_=True, type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4), top_k=None))
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]
