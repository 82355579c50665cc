# SLT-Net's localizer with L_VST to the letter (eq. 13): raw maps, summed over the classes, beta = 10; VGG16 on
# ILSVRC2012.
_base_ = ['./smt_vgg16_1xb16-2e_ilsvrc.py', '../_base_/hooks/vst_literal.py']
