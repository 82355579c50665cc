# photos31 with one pseudo box per training image, for the regressor trained offline; crop and flip move the box
# along. The configs name the file: train_dataloader.dataset.boxes.
_base_ = ['./photos31_localization_256.py']
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'flip', 'flip_direction')
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='sltnet_mm.PseudoBoxDataset',
        dataset=_base_.train_dataloader.dataset,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
            dict(type='PackDetInputs', meta_keys=meta_keys),
        ],
    )
)
