"""From a folder of photographs to reviewed boxes: the parts behind ``sltnet-boxes``."""

from __future__ import annotations
