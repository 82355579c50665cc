# SLT-Net's localizer alone (L_SMT + beta L_VST) on the embedded data, under mmpretrain.
_base_ = ['./cam_small-conv_1xb32-10e_synthetic.py', '../_base_/hooks/vst.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4), top_k=None))
