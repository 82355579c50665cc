# Table 5, third row: L_SMT, the box from the predicted class' map; the embedded data.
_base_ = ['./cam_small-conv_1xb32-10e_synthetic.py']
model = dict(head=dict(loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4)))
