# ILSVRC2012 for the InceptionV3 classifier: training views 320 -> random 299, one view in validation, ten crops
# of 299 at test.
_base_ = ['./ilsvrc_localization_299.py']
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.TenCrop', resize=320, crop=299),
    dict(type='sltnet_mm.ResizeCrop', resize=299),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1, 5))]
test_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1, 5))]
