"""What the tests of the heads share: samples with labels, and the comparison of a step with a plain version."""

import torch
from mmpretrain.structures import DataSample

LABELS = [1, 4, 4, 0]


def make_samples(labels=LABELS, size=(32, 32)):
    return [DataSample(metainfo=dict(img_shape=size)).set_gt_label(label) for label in labels]


def gradients(loss, module):
    named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    return {name: torch.zeros_like(p) if g is None else g for (name, p), g in zip(named, found, strict=True)}


def assert_same_step(losses, expected, module):
    assert set(losses) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-4, msg=name)
    found, wanted = (gradients(sum(each.values()), module) for each in (losses, expected))
    assert any(value.abs().max() > 1e-4 for value in wanted.values())
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-3, msg=name)


def minmax(array):
    return (array - array.min()) / (array.max() - array.min())
