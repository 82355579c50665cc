# Table 5, fifth row: new optimisation + L_VST alone; SqueezeNet 1.1 on photos31.
_base_ = ['./cam_squeezenet1-1_1xb16-4e_photos31.py']
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]
