"""The version, written in this one place; setup.py reads it without importing the package."""

from __future__ import annotations

__version__ = '0.1.0'
