# PSOL's boxes (DDT with VGG16) into our regressor, InceptionV3 on CUB; Table 2: Top-1 LOC 65.5.
_base_ = ['./regressor_inceptionv3_1xb16-4e_cub.py']
# Written by tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_cub.py --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/ddt_vgg16_cub/pseudo_boxes.json'))
