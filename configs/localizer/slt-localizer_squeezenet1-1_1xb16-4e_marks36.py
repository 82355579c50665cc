# Table 5, last row: SLT-Net's localizer (eq. 2: L_SMT + beta L_VST, ACAM); SqueezeNet 1.1 on marks36.
_base_ = ['./smt_squeezenet1-1_1xb16-4e_marks36.py', '../_base_/hooks/vst.py']
