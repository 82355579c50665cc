# SLT-Net's localizer (eq. 2), VGG16 on CUB; Tables 5 and 6 (GT-known 85.6).
_base_ = ['./smt_vgg16_1xb16-4e_cub.py', '../_base_/hooks/vst.py']
