# Table 5, third row (GT-known 60.5): new optimization + L_SMT, the box from the predicted class' map; VGG16 on
# ILSVRC2012.
_base_ = ['./cam_vgg16_1xb16-2e_ilsvrc.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=100, alpha=0.2)))
