"""Pseudo boxes: computed from class maps, and written to box files from a trained localizer, DDT or any maps."""

from __future__ import annotations

from sltnet_mm.pseudo_boxes.generator import PseudoBoxGenerator

__all__ = ['PseudoBoxGenerator']
