"""The registries of sltnet_mm: children of mmengine's roots, scope ``sltnet_mm``.

``locations`` are imported when a name is first looked up, so ``type='sltnet_mm.CAMHead'`` resolves from any host (mmpretrain, mmdet,
plain mmengine) without ``custom_imports``. This module imports mmengine only: an error here would surface as "not in the registry".
"""
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TASK_UTILS as MMENGINE_TASK_UTILS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import Registry

MODELS = Registry('model', parent=MMENGINE_MODELS, scope='sltnet_mm', locations=['sltnet_mm.models'])
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='sltnet_mm', locations=['sltnet_mm.hooks'])
DATASETS = Registry('dataset', parent=MMENGINE_DATASETS, scope='sltnet_mm', locations=['sltnet_mm.datasets'])
TRANSFORMS = Registry('transform', parent=MMENGINE_TRANSFORMS, scope='sltnet_mm', locations=['sltnet_mm.datasets.transforms'])
METRICS = Registry('metric', parent=MMENGINE_METRICS, scope='sltnet_mm', locations=['sltnet_mm.evaluation'])
TASK_UTILS = Registry('task util', parent=MMENGINE_TASK_UTILS, scope='sltnet_mm', locations=['sltnet_mm.pseudo_boxes'])
VISUALIZERS = Registry('visualizer', parent=MMENGINE_VISUALIZERS, scope='sltnet_mm', locations=['sltnet_mm.visualization'])
