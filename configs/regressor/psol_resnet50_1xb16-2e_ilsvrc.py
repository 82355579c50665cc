# PSOL's boxes (DDT with VGG16) into our regressor, ResNet50 on ILSVRC2012; Table 7: GT-known 65.4, Top-1 LOC 54.0.
_base_ = ['./regressor_resnet50_1xb16-2e_ilsvrc.py']
# Written by tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_ilsvrc.py --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/ddt_vgg16_ilsvrc/pseudo_boxes.json'))
# PSOL's head on this network: the mean over the cells.
model = dict(
    bbox_head=dict(
        _delete_=True,
        type='sltnet_mm.SingleBoxHead',
        in_channels=2048,
        downsample=32,
        pool_size=None,
        reduce_channels=None,
    )
)
