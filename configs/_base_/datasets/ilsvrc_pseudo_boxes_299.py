# ILSVRC2012 with one pseudo box per training image, for the regressor trained offline; crop and flip move the box
# along. The configs name the file: train_dataloader.dataset.boxes.
_base_ = ['./ilsvrc_localization_299.py']
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'homography_matrix', 'flip', 'flip_direction')
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='sltnet_mm.PseudoBoxDataset',
        dataset=_base_.train_dataloader.dataset,
        pipeline=[
            dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='sltnet_mm.ResizeCrop', resize=320, crop=299, mode='random', flip_prob=0.5),
            dict(type='PackDetInputs', meta_keys=meta_keys),
        ],
    )
)
