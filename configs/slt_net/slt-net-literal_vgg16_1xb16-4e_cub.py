# The paper's L_VST to the letter: raw class maps, beta = 10. On plain networks measured here it drives the maps to
# constants.
_base_ = ['./slt-net_vgg16_1xb16-4e_cub.py']
custom_hooks = [
    dict(type='sltnet_mm.VSTHook', module='localizer', cam_layer='head.cam', weight=10.0, normalization='none')
]
