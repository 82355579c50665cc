# photos31 as mmdet reads it: images of 256x256 and boxes as COCO json, file names relative to data_root. Pseudo boxes
# are written by tools/generate_pseudo_boxes.py, true ones by tools/dataset_converters/localization_to_coco.py.
_base_ = ['./photos31_classes.py']
data_root = 'data/photos31/'
boxes = 'work_dirs/photos31_boxes/'

metainfo = dict(classes=tuple(_base_.classes))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    # 0.8 to 1.25: as far down as up; the crop and the padding bring every image back to 256x256.
    dict(type='RandomResize', scale=(256, 256), ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='Pad', size=(256, 256)),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(256, 256), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),  # after Resize, so that the boxes stay in original pixels
    dict(
        type='PackDetInputs',
        # homography_matrix: LocalizationMetric wants it
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'homography_matrix'),
    ),
]

dataset = dict(type='CocoDataset', data_prefix=dict(img=data_root), metainfo=metainfo)
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        dataset,
        ann_file=boxes + 'pseudo_train.json',
        # an image without a pseudo box may show its object all the same: it is no negative
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, ann_file=boxes + 'true_val.json', test_mode=True, pipeline=test_pipeline),
)
test_dataloader = dict(
    val_dataloader,
    dataset=dict(dataset, ann_file=boxes + 'true_test.json', test_mode=True, pipeline=test_pipeline),
)

# CocoMetric: the detector. LocalizationMetric: its highest box alone, whatever class it names.
val_evaluator = [
    dict(type='CocoMetric', ann_file=boxes + 'true_val.json', metric='bbox'),
    dict(type='sltnet_mm.LocalizationMetric', sources='box'),
]
test_evaluator = [
    dict(type='CocoMetric', ann_file=boxes + 'true_test.json', metric='bbox'),
    dict(type='sltnet_mm.LocalizationMetric', sources='box'),
]
