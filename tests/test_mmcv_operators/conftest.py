"""mmcv.ops calls the stand-ins, whether mmcv has compiled operators or not."""

import sys
from collections.abc import Callable
from types import SimpleNamespace

import mmcv.ops  # noqa: F401
import pytest

from sltnet_mm.mmcv_operators.operators import OPERATORS


@pytest.fixture
def put_stand_ins(monkeypatch) -> Callable[[], None]:
    """Call it, and all files of mmcv.ops have the stand-ins in place of mmcv._ext."""

    def put() -> None:
        files = [module for name, module in sys.modules.items() if name.startswith('mmcv.ops.')]
        assert len(files) > 40
        for file in files:
            if hasattr(file, 'ext_module'):
                monkeypatch.setattr(file, 'ext_module', SimpleNamespace(**OPERATORS))

    return put
