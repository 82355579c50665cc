# The paper's L_VST to the letter (eq. 13): raw class maps, summed over the classes, beta = 10. It collapses maps.
_base_ = ['./slt-net_vgg16_1xb16-2e_ilsvrc.py']
custom_hooks = [
    dict(
        type='sltnet_mm.VSTHook',
        module='localizer',
        cam_layer='head.cam',
        weight=10.0,
        normalization='none',
        reduction='class_sum',
    )
]
