# L_VST as the "mean squared error" of the paper's text: raw maps, mean over all numbers, beta = 10.
custom_hooks = [
    dict(type='sltnet_mm.VSTHook', cam_layer='head.cam', weight=10.0, normalization='none', reduction='mean')
]
