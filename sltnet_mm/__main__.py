"""Run a script after ``import sltnet_mm``: ``python -m sltnet_mm SCRIPT ARGUMENTS``.

For tools of the OpenMMLab packages that import ``mmcv.ops`` or ``mmdet.models`` before they read a config, where mmcv
has no compiled operators (see :mod:`sltnet_mm.mmcv_operators`).
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the script as Python would: its folder comes first on the path, its arguments are ``sys.argv``."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        raise SystemExit('usage: python -m sltnet_mm SCRIPT ARGUMENTS, with the path of a Python script')
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name='__main__')


if __name__ == '__main__':
    main()
