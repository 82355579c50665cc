# Table 5, fourth row: new optimization + L_SMT + ACAM; SqueezeNet 1.1 on marks36.
_base_ = ['./smt-top1_squeezenet1-1_1xb16-4e_marks36.py']
model = dict(head=dict(top_k=None))  # the loss' K
