"""The one place where the version is written; setup.py reads it without importing the package."""

from __future__ import annotations

__version__ = '0.1.0'
