# DDT with SqueezeNet 1.1 on photos31, nothing trained.
# python tools/generate_ddt_boxes.py configs/ddt/ddt_squeezenet1-1_photos31.py --split test --out boxes.json
# python tools/analysis_tools/evaluate_boxes.py boxes.json configs/ddt/ddt_squeezenet1-1_photos31.py
_base_ = [
    '../_base_/models/ddt_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
# the whole image at 448x448, as for the other data
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='sltnet_mm.ResizeCrop', resize=448),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
train_dataloader = dict(
    drop_last=False, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(pipeline=test_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
