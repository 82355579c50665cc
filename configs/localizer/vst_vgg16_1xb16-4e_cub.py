# Table 5, fifth row (GT-known 81.3): new optimization + L_VST alone; VGG16 on CUB.
_base_ = ['./cam_vgg16_1xb16-4e_cub.py', '../_base_/hooks/vst.py']
