"""Trained weights: strict loading, checks that a checkpoint fits a model, and names from other libraries."""

from __future__ import annotations

from sltnet_mm.weights.pretrained import Pretrained

__all__ = ['Pretrained']
