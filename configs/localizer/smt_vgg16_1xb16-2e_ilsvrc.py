# Table 5, fourth row (GT-known 61.2): new optimization + L_SMT + ACAM; VGG16 on ILSVRC2012.
_base_ = ['./smt-top1_vgg16_1xb16-2e_ilsvrc.py']
model = dict(head=dict(top_k=None))  # the loss' K
