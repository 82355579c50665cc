# Table 5, fifth row: L_VST alone; the embedded data.
_base_ = ['./cam_small-conv_1xb32-10e_synthetic.py', '../_base_/hooks/vst.py']
