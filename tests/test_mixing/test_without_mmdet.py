"""Everything but SLTNet imports, and its parts build, where mmdet is not installed."""

import subprocess
import sys

CODE = """
import importlib, pkgutil, sys
sys.modules['mmdet'] = None  # as if it were not there
import sltnet_mm
failed = {}
for module in pkgutil.walk_packages(sltnet_mm.__path__, 'sltnet_mm.'):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        failed[module.name] = error
assert set(failed) == {'sltnet_mm.models.slt_net'}, failed  # It is a detector of mmdet.
from sltnet_mm.report import environment_facts
assert 'mmdet' not in environment_facts()['Versions'] and 'mmpretrain 1.' in environment_facts()['Versions']
from mmengine.registry import HOOKS, MODELS, TASK_UTILS
loss = dict(type='sltnet_mm.SMTLoss', top_k=1, alpha=0.4)
MODELS.build(dict(type='sltnet_mm.CAMHead', num_classes=3, in_channels=4, loss=loss))
HOOKS.build(dict(type='sltnet_mm.VSTHook', cam_layer='head.cam'))
TASK_UTILS.build(dict(type='sltnet_mm.PseudoBoxGenerator', top_k=1))
assert not any(name.startswith('mmdet.') for name in sys.modules)
"""


def test_without_mmdet():
    result = subprocess.run([sys.executable, '-c', CODE], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
