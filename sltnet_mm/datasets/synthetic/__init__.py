"""Embedded data: fine-grained classes drawn from a seed, with exact boxes and masks and without any files."""

from __future__ import annotations

from sltnet_mm.datasets.synthetic.backend import SyntheticBackend
from sltnet_mm.datasets.synthetic.dataset import SyntheticLocalization
from sltnet_mm.datasets.synthetic.drawing import draw_image
from sltnet_mm.datasets.synthetic.scene import Scene, make_scene
from sltnet_mm.datasets.synthetic.shapes import CLASSES

__all__ = ['CLASSES', 'Scene', 'SyntheticBackend', 'SyntheticLocalization', 'draw_image', 'make_scene']
