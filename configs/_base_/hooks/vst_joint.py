# L_VST as in vst.py, for the localizer inside SLTNet.
_base_ = ['./vst.py']
custom_hooks = [dict(_base_.custom_hooks[0], module='localizer')]
