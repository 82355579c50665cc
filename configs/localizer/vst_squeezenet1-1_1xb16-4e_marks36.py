# Table 5, fifth row: new optimization + L_VST alone; SqueezeNet 1.1 on marks36.
_base_ = ['./cam_squeezenet1-1_1xb16-4e_marks36.py', '../_base_/hooks/vst.py']
