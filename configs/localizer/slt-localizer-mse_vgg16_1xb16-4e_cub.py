# SLT-Net's localizer with L_VST as the "mean squared error" of the text: raw maps, mean over all numbers, beta = 10;
# VGG16 on CUB.
_base_ = ['./smt_vgg16_1xb16-4e_cub.py', '../_base_/hooks/vst_mse.py']
