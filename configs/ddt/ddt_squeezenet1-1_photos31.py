# DDT with SqueezeNet 1.1 on photos31, nothing trained.
# python tools/generate_ddt_boxes.py configs/ddt/ddt_squeezenet1-1_photos31.py --split test --out boxes.json
# python tools/analysis_tools/evaluate_boxes.py boxes.json configs/ddt/ddt_squeezenet1-1_photos31.py
_base_ = [
    '../_base_/models/ddt_squeezenet1-1.py',
    '../_base_/datasets/photos31_localization_448.py',
    '../_base_/default_runtime.py',
]
default_scope = 'mmpretrain'
