"""The numbers in SLT-Net's tables, as printed in the paper. None of them was measured with this package.

Guo et al., "Strengthen Learning Tolerance for Weakly Supervised Object Localization", CVPR 2021. Where text and tables
disagree, the tables are used. The differences: Sec. 4.2 swaps the data sets of 59.0 / 58.0, 60.5 / 75.7 and
61.2 / 78.9; it claims a gain of 2.4 points on ILSVRC2012, but Table 5 has 63.4 - 60.1 = 3.3; it has 66.7 instead of
Table 6's 65.7, and once 85.6 instead of 84.6 for DDT on CUB. The check marks of Table 5 are interpreted by their number
and the text: the fifth column is the new optimization with L_VST alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Numbers = Mapping[str, float]

TITLES: Final[Mapping[int, str]] = {
    1: 'comparison of methods on CUB, VGG16',
    2: 'comparison of methods on CUB, InceptionV3',
    3: 'comparison of methods on ILSVRC2012, VGG16',
    4: 'comparison of methods on ILSVRC2012, InceptionV3',
    5: 'ablation of the localizer, VGG16, GT-known LOC',
    6: 'comparison of pseudo boxes, GT-known LOC of the boxes themselves',
    7: 'ResNet50 and DenseNet161: PSOL and SLT-Net',
}
DATASETS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ('cub',),
    2: ('cub',),
    3: ('ilsvrc',),
    4: ('ilsvrc',),
    5: ('cub', 'ilsvrc'),
    6: ('cub', 'ilsvrc'),
    7: ('cub', 'ilsvrc'),
}
"""The data sets that each table has numbers for."""


def _of(*values: float | None) -> dict[str, float]:
    """Top-1 CLS, Top-1 LOC, Top-5 LOC (only if there are four values) and GT-known LOC; None: not printed."""
    keys = (
        ('cls_top1', 'top1_loc', 'top5_loc', 'gt_known') if len(values) == 4 else ('cls_top1', 'top1_loc', 'gt_known')
    )
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


def _known(value: float | None) -> dict[str, float]:
    return {} if value is None else dict(gt_known=value)


PAPER: Final[Mapping[tuple[int, str], Mapping[str, Numbers]]] = {
    (1, 'cub'): {
        'VGG16-CAM': _of(76.6, 44.2, 58.0),
        'VGG16-ACoL': _of(71.9, 45.9, 59.3),
        'VGG16-SPG': _of(75.5, 48.9, None),
        'VGG16-HaS-32': _of(66.1, 49.5, 71.6),
        'VGG16-ADL': _of(65.3, 52.4, 75.4),
        'VGG16-DANet': _of(75.4, 52.5, None),
        'VGG16-MEIL': _of(74.8, 57.5, 73.8),
        'VGG16-PSOL': _of(None, 66.3, None),
        'VGG16-GC-Net': _of(76.8, 63.2, None),
        'VGG16-SLT-Net': _of(76.6, 67.8, 87.6),
    },
    (2, 'cub'): {
        'GoogLeNet-CAM': _of(73.8, 41.1, None),
        'GoogLeNet-HaS-32': _of(75.4, 47.4, 61.1),
        'GoogLeNet-ADL': _of(73.4, 51.3, 66.8),
        'GoogLeNet-SPG': _of(None, 46.6, None),
        'GoogLeNet-DANet': _of(71.2, 49.5, None),
        'GoogLeNet-GC-Net': _of(76.8, 58.6, None),
        'InceptionV3-ADL': _of(74.6, 53.0, None),
        'InceptionV3-PSOL': _of(None, 65.5, None),
        'InceptionV3-I2C': _of(None, 56.0, 72.6),
        'InceptionV3-SLT-Net': _of(76.4, 66.1, 86.5),
    },
    (3, 'ilsvrc'): {
        'Backprop': _of(None, 38.9, 48.5, None),
        'VGG16-CAM': _of(68.8, 42.8, 54.9, 59.0),
        'VGG16-ACoL': _of(67.5, 45.8, 59.4, 63.0),
        'VGG16-ADL': _of(69.5, 44.9, None, None),
        'VGG16-MEIL': _of(70.3, 46.8, None, None),
        'VGG16-PSOL': _of(None, 50.9, 60.9, 64.0),
        'VGG16-I2C': _of(69.4, 47.4, 58.5, 63.9),
        'VGG16-SLT-Net': _of(72.4, 51.2, 62.4, 67.2),
    },
    (4, 'ilsvrc'): {
        'GoogLeNet-Backprop': _of(None, 38.7, 49.5, None),
        'GoogLeNet-GMP': _of(64.4, 42.2, 54.7, None),
        'GoogLeNet-CAM': _of(65.0, 43.6, 57.0, None),
        'GoogLeNet-HaS-32': _of(70.7, 45.2, None, 60.3),
        'GoogLeNet-ACoL': _of(71.0, 46.7, 57.4, None),
        'InceptionV3-CAM': _of(73.3, 46.3, 58.2, 62.7),
        'InceptionV3-SPG': _of(None, 48.6, 60.0, None),
        'InceptionV3-DANet': _of(72.5, 47.5, 58.3, None),
        'InceptionV3-ADL': _of(72.8, 48.7, None, None),
        'InceptionV3-PSOL': _of(None, 54.8, 63.3, 65.2),
        'InceptionV3-MEIL': _of(73.3, 49.5, None, None),
        'InceptionV3-GC-Net': _of(77.4, 49.1, 58.1, None),
        'InceptionV3-I2C': _of(73.3, 53.1, 64.1, 68.5),
        'InceptionV3-SLT-Net': _of(78.1, 55.7, 65.4, 67.6),
    },
    **{
        (5, dataset): {
            name: _known(value)
            for name, value in zip(
                (
                    'CAM',
                    'new optimization',
                    '+ L_SMT, top-1 map',
                    '+ L_SMT, top-K ACAM',
                    'new optimization + L_VST alone',
                    'all',
                ),
                values,
                strict=True,
            )
        }
        for dataset, values in {
            'cub': (58.0, 74.3, 75.7, 78.9, 81.3, 85.6),
            'ilsvrc': (59.0, 60.1, 60.5, 61.2, 62.7, 63.4),
        }.items()
    },
    **{
        (6, dataset): {
            name: _known(value)
            for name, value in zip(
                (
                    'CAM-VGG16',
                    'CAM-InceptionV3',
                    'DDT-ResNet50',
                    'DDT-VGG16',
                    'DDT-InceptionV3',
                    'DDT-DenseNet161',
                    'Ours-DenseNet161',
                    'Ours-ResNet50',
                    'Ours-VGG16',
                    'Ours-InceptionV3',
                ),
                values,
                strict=True,
            )
        }
        for dataset, values in {
            'cub': (58.0, None, 72.4, 84.6, 51.8, 78.1, 64.9, 68.2, 85.6, 78.6),
            'ilsvrc': (59.0, 62.7, 59.9, 61.4, 51.9, 61.9, 55.3, 54.0, 63.4, 65.7),
        }.items()
    },
    (7, 'cub'): {
        'ResNet50-PSOL': dict(top1_loc=70.7),
        'ResNet50-SLT-Net': dict(top1_loc=72.3, gt_known=90.7),
        'DenseNet161-PSOL': dict(top1_loc=75.0, gt_known=92.5),
        'DenseNet161-SLT-Net': dict(top1_loc=75.8, gt_known=93.4),
    },
    (7, 'ilsvrc'): {
        'ResNet50-PSOL': dict(top1_loc=54.0, gt_known=65.4),
        'ResNet50-SLT-Net': dict(top1_loc=56.2, gt_known=68.5),
        'DenseNet161-PSOL': dict(top1_loc=55.3, gt_known=66.3),
        'DenseNet161-SLT-Net': dict(top1_loc=57.1, gt_known=69.0),
    },
}
"""(table, data set) -> name of the row -> number by key, in percent. Values that the paper omits ("-") are missing."""

FIGURE_4_K: Final = (5, 10, 20, 30, 40, 50, 60)
"""The values of K on CUB's 200 classes. The paper does not print the values of the curves."""
FIGURE_4_ALPHA: Final = tuple(round(0.1 * i, 1) for i in range(1, 11))
FIGURE_4_CLASSES: Final = 200
