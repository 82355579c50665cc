# Table 5, fifth row (GT-known 62.7): new optimisation + L_VST alone; VGG16 on ILSVRC2012.
_base_ = ['./cam_vgg16_1xb16-2e_ilsvrc.py']
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]
