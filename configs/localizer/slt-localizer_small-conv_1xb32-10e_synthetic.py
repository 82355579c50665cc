# SLT-Net's localizer alone (L_SMT + beta L_VST) on the embedded data, under mmpretrain.
_base_ = ['./cam_small-conv_1xb32-10e_synthetic.py']
model = dict(head=dict(loss=dict(_delete_=True, type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4), top_k=None))
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]
