# SLT-Net's localizer with L_VST to the letter (eq. 13): raw maps, summed over the classes, beta = 10; VGG16 on CUB.
_base_ = ['./smt_vgg16_1xb16-4e_cub.py', '../_base_/hooks/vst_literal.py']
