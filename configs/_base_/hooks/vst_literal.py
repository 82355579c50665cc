# L_VST to the letter of eq. 13: raw maps, summed over the classes, beta = 10. It collapses maps.
custom_hooks = [
    dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', weight=10.0, normalization='none', reduction='class_sum')
]
