# Table 5, third row: new optimization + L_SMT, the box from the predicted class' map; SqueezeNet 1.1 on marks36.
_base_ = ['./cam_squeezenet1-1_1xb16-4e_marks36.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=5, alpha=0.4)))
