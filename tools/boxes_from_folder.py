#!/usr/bin/env python
"""The command sltnet-boxes, for a checkout: python tools/boxes_from_folder.py PHOTOGRAPHS --out RESULT."""

from __future__ import annotations

from sltnet_mm.labeling.command import main

if __name__ == '__main__':
    raise SystemExit(main())
