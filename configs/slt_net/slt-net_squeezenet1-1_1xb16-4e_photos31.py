# SLT-Net, joint training of localizer and regressor with the paper's optimisation, on photographic composites
# (photos31).
_base_ = [
    '../_base_/models/slt-net_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
custom_hooks = [dict(type='sltnet_mm.VSTHook', module='localizer', cam_layer='head.cam', top_k='head', weight=0.3)]
