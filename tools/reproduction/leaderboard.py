"""All systems on one data set and network, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from reproduction import recipes
from reproduction.commands import CHECKPOINT
from reproduction.recipes import DATA, LOAD_FROM, Data
from reproduction.steps import Step
from reproduction.tables import LEADERBOARD, Row, Table

WORDS: Final[Mapping[str, str]] = {
    'GMP': 'gmp',
    'HaS-32': 'has-32',
    'ACoL': 'acol',
    'SPG': 'spg',
    'ADL': 'adl',
    'CutMix': 'cutmix',
    'DANet': 'danet',
    'MEIL': 'meil',
    'I2C': 'i2c',
    'TAP, NWC': 'tap',
    'BAS': 'bas',
    'ADL with L_SMT': 'adl-smt',
    'HaS-32 with L_VST': 'has-vst',
    'TAP, NWC with L_SMT and L_VST': 'tap-slt',
}
"""The systems whose only step is a training, and the first words of their configs in ``configs/other_methods``."""
MAP_SOURCES: Final[Mapping[str, str]] = {
    'Backprop': 'backprop',
    'Grad-CAM': 'grad-cam',
    'Grad-CAM++': 'grad-cam-plus-plus',
    'LayerCAM': 'layer-cam',
    'BagCAMs': 'bag-cams',
}
"""Maps of a trained plain CAM, and the first words of their configs."""


def leaderboard(dataset: str) -> Table:
    """The systems that have a config for a data set, on VGG16 or what stands in for it.

    Raises:
        KeyError: If there is no such data set.

    Example:
        >>> [row.name for row in leaderboard('synthetic').rows]
        ['CAM, usual schedule', 'L_SMT with K = 1', 'L_SMT', 'L_VST', 'SLT-Net localizer', ...]
    """
    if dataset not in DATA:
        raise KeyError(f'dataset must be one of {sorted(DATA)}, got {dataset!r}')
    data = DATA[dataset]
    rows = [row for make in (_cams, _others, _boxes, _ours) for row in make(data)]
    there = [row for row in rows if row.step is not None and row.step.exists]
    return Table(LEADERBOARD, f'all systems on {data.backbone("VGG16")}', data, there)


def _cams(data: Data) -> list[Row]:
    cam = recipes.new_optimization('VGG16', data)
    found = [Row('CAM, usual schedule', step=recipes.usual_cam('VGG16', data)), Row('CAM', step=cam)]
    for name, word in MAP_SOURCES.items():
        step = Step('train', f'other_methods/{word}_{data.backbone("VGG16")}_{data.name}')
        found.append(Row(name, step=replace(step, inputs=((LOAD_FROM, cam, CHECKPOINT),))))
    return found


def _others(data: Data) -> list[Row]:
    return [Row(name, step=recipes.of_other_methods(word, 'VGG16', data)) for name, word in WORDS.items()]


def _boxes(data: Data) -> list[Row]:
    makers: Mapping[str, Callable[[], Step]] = {
        'GC-Net': lambda: recipes.other_method('GC-Net', 'VGG16', data),
        'DDT': lambda: recipes.ddt_numbers('VGG16', data),
        'PSOL': lambda: recipes.own_psol('VGG16', data),
        "PSOL's boxes in our regressor": lambda: recipes.regressor('psol', 'VGG16', data),
    }
    return [Row(name, step=make(), source='box') for name, make in makers.items()]


def _ours(data: Data) -> list[Row]:
    kinds = {
        'L_SMT with K = 1': 'smt-top1',
        'L_SMT': 'smt',
        'L_VST': 'vst',
        'SLT-Net localizer': 'slt-localizer',
    }
    found = [Row(name, step=recipes.localizer(kind, 'VGG16', data)) for name, kind in kinds.items()]
    joint = recipes.joint('VGG16', data)
    return [
        *found,
        Row('SLT-Net regressor', step=recipes.regressor('regressor', 'VGG16', data), source='box'),
        Row('SLT-Net localizer, joint training', step=joint),
        Row('SLT-Net regressor, joint training', step=joint, source='box'),
    ]
