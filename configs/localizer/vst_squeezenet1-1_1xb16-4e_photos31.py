# Table 5, fifth row: new optimization + L_VST alone; SqueezeNet 1.1 on photos31.
_base_ = ['./cam_squeezenet1-1_1xb16-4e_photos31.py', '../_base_/hooks/vst.py']
