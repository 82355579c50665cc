# Table 5, fifth row (GT-known 62.7): new optimization + L_VST alone; VGG16 on ILSVRC2012.
_base_ = ['./cam_vgg16_1xb16-2e_ilsvrc.py', '../_base_/hooks/vst.py']
