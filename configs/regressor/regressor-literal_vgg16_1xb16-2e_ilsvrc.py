# The paper's regressor to the letter (Sec. 3.1, 4.1): two fully connected layers on VGG16's flattened 7x7x512 map, at
# the rate 0.0002 throughout; VGG16 on ILSVRC2012.
_base_ = ['./regressor_vgg16_1xb16-2e_ilsvrc.py']
model = dict(
    backbone=dict(with_last_pool=True),
    bbox_head=dict(_delete_=True, type='sltnet_mm.SingleBoxHead', in_channels=512, reduce_channels=None),
)
optim_wrapper = dict(optimizer=dict(lr=0.0002))
