"""Pseudo boxes: made from class maps (``generator``), and written to box files from a trained localizer, DDT or any maps."""

from sltnet_mm.pseudo_boxes.generator import PseudoBoxGenerator

__all__ = ['PseudoBoxGenerator']
