# photos31: photographic composites (cut-outs on photographs), built by tools/dataset_converters/make_photos31.py:
# 31 classes, 1,240 training, 155 validation and 620 test images of 256x256, on disjoint photographs.
data_root = 'data/photos31'

# In the order of the labels in the lists.
classes = (
    'Brown_Bear Lion Tiger Pig Rabbit Wildebeest Zebra Elephant Hippopotamus Bison Camel Koala Squirrel Red_Fox Otter '
    'Sea_Lion Chimpanzee Gorilla Frog Seahorse Pineapple Lemon Strawberry Broccoli Cep_Mushroom Daffodil Marigold '
    'Fire_Engine Garbage_Truck Hot_Air_Balloon Airliner'
).split()

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=256, crop=224, mode='random', flip_prob=0.5),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=224),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='sltnet_mm.ResizeCrop', resize=224, flip_prob=prob) for prob in (0.0, 1.0)],
            [dict(type='sltnet_mm.PackLocalizationInputs')],
        ],
    ),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='sltnet_mm.LocalizationList',
        data_root=data_root,
        ann_dir='metadata/PHOTOS31',
        img_dir='images',
        mask_dir='masks',
        classes=classes,
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='sltnet_mm.LocalizationList',
        data_root=data_root,
        ann_dir='metadata/PHOTOS31',
        img_dir='images',
        mask_dir='masks',
        classes=classes,
        split='val',
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='sltnet_mm.LocalizationList',
        data_root=data_root,
        ann_dir='metadata/PHOTOS31',
        img_dir='images',
        mask_dir='masks',
        classes=classes,
        split='test',
        pipeline=test_pipeline,
    ),
)

val_evaluator = [dict(type='sltnet_mm.LocalizationMetric')]
test_evaluator = [dict(type='sltnet_mm.LocalizationMetric')]
