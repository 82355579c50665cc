# SLT-Net with SqueezeNet 1.1 on your own images: a folder and a CSV file (docs/your_data.md). The light one:
# torchvision's weights, 5 MB, and a CPU will do. Set data_root, the class count and K (15 % of the classes).
_base_ = [
    '../_base_/models/slt-net_squeezenet1-1.py',
    '../_base_/datasets/csv_localization.py',
    '../_base_/schedules/slt_4e.py',
    '../_base_/hooks/vst_joint.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmdet'
num_classes = 20
top_k = 3
# As torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1 names them.
weights = 'https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth'
model = dict(
    # Of those weights: RGB, mean and deviation of ImageNet.
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    localizer=dict(backbone=dict(checkpoint=weights), head=dict(num_classes=num_classes, loss=dict(top_k=top_k))),
    regressor=dict(backbone=dict(checkpoint=weights)),
)
default_hooks = dict(preprocessing=dict(type='sltnet_mm.PreprocessingHook'))
