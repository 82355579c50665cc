# PSOL's boxes (DDT with the same network) into our regressor, SqueezeNet 1.1 on photos31.
_base_ = ['./regressor_squeezenet1-1_1xb16-4e_photos31.py']
# Written by tools/generate_ddt_boxes.py configs/ddt/ddt_squeezenet1-1_photos31.py --out this file.
train_dataloader = dict(dataset=dict(boxes='work_dirs/ddt_squeezenet1-1_photos31/pseudo_boxes.json'))
