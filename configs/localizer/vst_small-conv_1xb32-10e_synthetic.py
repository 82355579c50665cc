# Table 5, fifth row: L_VST alone; the embedded data.
_base_ = ['./cam_small-conv_1xb32-10e_synthetic.py']
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]
