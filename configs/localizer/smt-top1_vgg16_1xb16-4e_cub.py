# Table 5, third row (GT-known 75.7): new optimization + L_SMT, the box from the predicted class' map; VGG16 on CUB.
_base_ = ['./cam_vgg16_1xb16-4e_cub.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=30, alpha=0.4)))
