"""Embedded data: fine-grained classes drawn from a seed, with exact boxes and masks, without a file."""

from .backend import SyntheticBackend
from .dataset import SyntheticLocalization
from .drawing import draw_image
from .scene import Scene, make_scene
from .shapes import CLASSES

__all__ = ['CLASSES', 'Scene', 'SyntheticBackend', 'SyntheticLocalization', 'draw_image', 'make_scene']
