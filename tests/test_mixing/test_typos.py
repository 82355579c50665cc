"""A misspelled argument of a part is refused when the config is built, by name."""

import pytest
from mmengine.registry import HOOKS, MODELS, TASK_UTILS

GOOD = [
    (MODELS, dict(type='sltnet_mm.CAMHead', num_classes=3, in_channels=4)),
    (MODELS, dict(type='sltnet_mm.SMTLoss', top_k=1, alpha=0.4)),
    (HOOKS, dict(type='sltnet_mm.VSTHook', cam_layer='head.cam')),
    (TASK_UTILS, dict(type='sltnet_mm.PseudoBoxGenerator', top_k=1)),
    (TASK_UTILS, dict(type='sltnet_mm.ColorJitter')),
    (TASK_UTILS, dict(type='sltnet_mm.HorizontalFlip')),
    (TASK_UTILS, dict(type='sltnet_mm.Scale')),
]


@pytest.mark.parametrize(('registry', 'config'), GOOD, ids=[config['type'] for _, config in GOOD])
def test_typo(registry, config):
    registry.build(config)
    for typo in ('topk_', 'K', 'treshold', 'kwargs'):
        with pytest.raises(TypeError, match=typo):
            registry.build(dict(config, **{typo: 1}))


def test_typo_in_a_nested_part():
    with pytest.raises(TypeError, match='alhpa'):
        MODELS.build(
            dict(
                type='sltnet_mm.CAMHead',
                num_classes=3,
                in_channels=4,
                loss=dict(type='sltnet_mm.SMTLoss', top_k=1, alhpa=0.4),
            )
        )
    with pytest.raises(TypeError, match='scale'):
        HOOKS.build(dict(type='sltnet_mm.VSTHook', cam_layer='cam', views=[dict(type='sltnet_mm.Scale', scale=2)]))
    with pytest.raises(KeyError, match='Flip'):
        HOOKS.build(dict(type='sltnet_mm.VSTHook', cam_layer='cam', views=[dict(type='sltnet_mm.Flip')]))
