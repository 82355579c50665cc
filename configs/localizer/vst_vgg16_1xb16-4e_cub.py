# Table 5, fifth row (GT-known 81.3): new optimisation + L_VST alone; VGG16 on CUB.
_base_ = ['./cam_vgg16_1xb16-4e_cub.py']
custom_hooks = [dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', top_k='head', weight=0.3)]
