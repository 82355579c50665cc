# L_VST as in vst_literal.py, for the localizer inside SLTNet.
_base_ = ['./vst_literal.py']
custom_hooks = [dict(_base_.custom_hooks[0], module='localizer')]
