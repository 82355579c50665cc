# ILSVRC2012 for the classifier: training views 256 -> random 224, one view in validation, ten crops of 224 at test.
_base_ = ['./ilsvrc_localization.py']
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='sltnet_mm.TenCrop', resize=256, crop=224),
    dict(type='sltnet_mm.ResizeCrop', resize=224),
    dict(type='sltnet_mm.PackLocalizationInputs'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1, 5))]
test_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1, 5))]
