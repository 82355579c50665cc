"""The registries of sltnet_mm: children of mmengine's root registries, with scope ``sltnet_mm``.

``locations`` are imported when a name is first looked up, so ``type='sltnet_mm.CAMHead'`` resolves from any host
(mmpretrain, mmdet, plain mmengine) without ``custom_imports``. This module imports mmengine only: a failing import here
would surface as "not in the registry".
"""

from __future__ import annotations

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TASK_UTILS as MMENGINE_TASK_UTILS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS
from mmengine.registry import Registry


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    return Registry(name, parent=parent, scope='sltnet_mm', locations=[f'sltnet_mm.{where}' for where in locations])


MODELS = _child('model', MMENGINE_MODELS, 'models', 'map_sources')
HOOKS = _child('hook', MMENGINE_HOOKS, 'hooks')
DATASETS = _child('dataset', MMENGINE_DATASETS, 'datasets')
DATA_SAMPLERS = _child('data sampler', MMENGINE_DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child('transform', MMENGINE_TRANSFORMS, 'datasets.transforms')
METRICS = _child('metric', MMENGINE_METRICS, 'evaluation')
TASK_UTILS = _child('task util', MMENGINE_TASK_UTILS, 'pseudo_boxes', 'hooks')
VISUALIZERS = _child('visualizer', MMENGINE_VISUALIZERS, 'visualization')
WEIGHT_INITIALIZERS = _child('weight initializer', MMENGINE_WEIGHT_INITIALIZERS, 'weights')
