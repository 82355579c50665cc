# CUB-200-2011 with CUBV2 (five images per class, below CUB_200_2011/CUBV2) for validation; the test stays CUB's own.
_base_ = ['./cub_localization.py']
val_dataloader = dict(dataset=dict(split='val'))
