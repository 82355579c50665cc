# Table 5, fourth row (GT-known 78.9): new optimization + L_SMT + ACAM; VGG16 on CUB.
_base_ = ['./smt-top1_vgg16_1xb16-4e_cub.py']
model = dict(head=dict(top_k=None))  # the loss' K
