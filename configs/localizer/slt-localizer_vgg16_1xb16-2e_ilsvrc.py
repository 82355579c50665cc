# SLT-Net's localizer (eq. 2), VGG16 on ILSVRC2012; Tables 5 and 6 (GT-known 63.4).
_base_ = ['./smt_vgg16_1xb16-2e_ilsvrc.py', '../_base_/hooks/vst.py']
