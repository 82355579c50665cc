# Table 5, fourth row: L_SMT + ACAM; the embedded data.
_base_ = ['./smt-top1_small-conv_1xb32-10e_synthetic.py']
model = dict(head=dict(top_k=None))  # the loss' K
