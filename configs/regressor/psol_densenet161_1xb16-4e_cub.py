# PSOL's boxes (DDT with VGG16) into our regressor, DenseNet161 on CUB; Table 7: GT-known 92.5, Top-1 LOC 75.0.
_base_ = ['./regressor_densenet161_1xb16-4e_cub.py']
# Written by tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_cub.py --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/ddt_vgg16_cub/pseudo_boxes.json'))
# PSOL's head on this network: the mean over the cells.
model = dict(
    bbox_head=dict(
        _delete_=True,
        type='sltnet_mm.SingleBoxHead',
        in_channels=2208,
        downsample=32,
        pool_size=None,
        reduce_channels=None,
    )
)
