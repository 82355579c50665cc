# DDT with InceptionV3 on CUB, nothing trained; Table 6: GT-known 51.8.
# python tools/generate_ddt_boxes.py configs/ddt/ddt_inceptionv3_cub.py --split test --out boxes.json
# python tools/analysis_tools/evaluate_boxes.py boxes.json configs/ddt/ddt_inceptionv3_cub.py
_base_ = [
    '../_base_/models/ddt_inceptionv3.py',
    '../_base_/datasets/cub_localization_448.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
