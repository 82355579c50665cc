# DDT with VGG16 on ILSVRC2012, nothing trained; Table 6: GT-known 61.4.
# The boxes of --split train teach the regressors of the PSOL rows.
# python tools/generate_ddt_boxes.py configs/ddt/ddt_vgg16_ilsvrc.py --split test --out boxes.json
# python tools/analysis_tools/evaluate_boxes.py boxes.json configs/ddt/ddt_vgg16_ilsvrc.py
_base_ = [
    '../_base_/models/ddt_vgg16.py',
    '../_base_/datasets/ilsvrc_localization_448.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
