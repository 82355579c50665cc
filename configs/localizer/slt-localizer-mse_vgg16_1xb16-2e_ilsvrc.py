# SLT-Net's localizer with L_VST as the "mean squared error" of the text: raw maps, mean over all numbers, beta = 10;
# VGG16 on ILSVRC2012.
_base_ = ['./smt_vgg16_1xb16-2e_ilsvrc.py', '../_base_/hooks/vst_mse.py']
