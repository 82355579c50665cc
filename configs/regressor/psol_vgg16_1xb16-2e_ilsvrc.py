# PSOL's boxes (DDT with VGG16) into our regressor, VGG16 on ILSVRC2012; Table 3: GT-known 64.0, Top-1 LOC 50.9.
_base_ = ['./regressor_vgg16_1xb16-2e_ilsvrc.py']
# Written by tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_ilsvrc.py --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/ddt_vgg16_ilsvrc/pseudo_boxes.json'))
