"""The stand-ins beside the compiled operators (make test-operators), and on a GPU beside the CPU (make test-gpu)."""

import sys
from types import SimpleNamespace

import mmcv.ops
import pytest
import torch
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction


def inputs(device: str, dtype: torch.dtype = torch.float32) -> SimpleNamespace:
    """Random arguments of all operators; those that a gradient is asked for are leaves."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int, scale: float = 1.0, grad: bool = True) -> torch.Tensor:
        return (torch.rand(*shape, generator=generator) * scale).to(device, dtype).requires_grad_(grad)

    corners = random(80, 2, scale=30.0, grad=False)
    return SimpleNamespace(
        boxes=torch.cat((corners, corners + 1 + random(80, 2, scale=20.0, grad=False)), 1),
        scores=random(80, grad=False),
        logits=random(50, 6, scale=5.0),
        targets=torch.randint(0, 7, (50,), generator=generator).to(device),
        features=random(2, 4, 20, 24),
        rois=torch.tensor([[0, 3.0, 5.0, 40.0, 33.0], [1, 0.0, 0.0, 47.0, 10.0]]).to(device, dtype),
        offset=random(2, 2 * 2 * 9, 18, 22, scale=3.0),
        mask=random(2, 2 * 9, 18, 22),
        weight=random(6, 2, 3, 3),
        bias=random(6),
        value=random(2, 26, 2, 4),
        shapes=torch.tensor([[4, 5], [2, 3]]).to(device),
        starts=torch.tensor([0, 20]).to(device),
        locations=random(2, 7, 2, 2, 3, 2),
        attention=random(2, 7, 2, 2, 3),
    )


def with_gradients(output: torch.Tensor, *leaves: torch.Tensor) -> list[torch.Tensor]:
    graded = torch.linspace(0, 1, output.numel()).reshape(output.shape).to(output)
    return [output, *torch.autograd.grad(output, leaves, graded)]


def nms_results(x: SimpleNamespace) -> list[torch.Tensor]:
    """Hard and soft, with both kinds of ends."""
    found = []
    for offset in (0, 1):
        found += mmcv.ops.nms(x.boxes, x.scores, 0.3, offset=offset)
        for method in ('naive', 'linear', 'gaussian'):
            found += mmcv.ops.soft_nms(x.boxes, x.scores, 0.3, min_score=0.02, method=method, offset=offset)
    return found


def nms_match_results(x: SimpleNamespace) -> list[torch.Tensor]:
    return mmcv.ops.nms_match(torch.cat((x.boxes, x.scores[:, None]), 1), 0.3)


def focal_results(x: SimpleNamespace) -> list[torch.Tensor]:
    plain = mmcv.ops.sigmoid_focal_loss(x.logits, x.targets, 2.0, 0.25, None, 'none')
    # The compiled form has no weight for the background.
    weights = torch.tensor([0.5, 1.0, 2.0, 3.0, 1.0, 0.2]).to(x.logits)
    weighted = mmcv.ops.sigmoid_focal_loss(x.logits, x.targets.clamp(max=5), 1.5, 0.4, weights, 'mean')
    return with_gradients(plain, x.logits) + with_gradients(weighted, x.logits)


def roi_align_results(x: SimpleNamespace) -> list[torch.Tensor]:
    found = []
    for aligned in (True, False):
        for samples in (0, 2):
            pooled = mmcv.ops.roi_align(x.features, x.rois, (5, 3), 0.5, samples, 'avg', aligned)
            found += with_gradients(pooled, x.features)
    return found


def deform_results(x: SimpleNamespace) -> list[torch.Tensor]:
    plain = mmcv.ops.deform_conv2d(x.features, x.offset, x.weight, 1, 0, 1, 2, 2)
    return with_gradients(plain, x.features, x.offset, x.weight)


def modulated_results(x: SimpleNamespace) -> list[torch.Tensor]:
    biased = mmcv.ops.modulated_deform_conv2d(x.features, x.offset, x.mask, x.weight, x.bias, 1, 0, 1, 2, 2)
    plain = mmcv.ops.modulated_deform_conv2d(x.features, x.offset, x.mask, x.weight, None, 1, 0, 1, 2, 2)
    leaves = (x.features, x.offset, x.mask, x.weight)
    return with_gradients(biased, *leaves, x.bias) + with_gradients(plain, *leaves)


def attention_results(x: SimpleNamespace) -> list[torch.Tensor]:
    output = MultiScaleDeformableAttnFunction.apply(x.value, x.shapes, x.starts, x.locations, x.attention, 64)
    return with_gradients(output, x.value, x.locations, x.attention)


ON_THE_CPU = (nms_results, nms_match_results, roi_align_results, deform_results, modulated_results)
ON_A_GPU = (*ON_THE_CPU, focal_results, attention_results)  # mmcv compiles these two for GPUs only.


def same(own: list[torch.Tensor], other: list[torch.Tensor]) -> None:
    assert len(own) == len(other) > 0
    for first, second in zip(own, other, strict=True):
        torch.testing.assert_close(first.cpu(), second.cpu(), atol=1e-4, rtol=1e-4)


@pytest.mark.operators
@pytest.mark.parametrize('results', ON_THE_CPU)
def test_the_compiled_operator_gives_the_same(put_stand_ins, results):
    file = getattr(sys.modules['mmcv._ext'], '__file__', None)
    assert file and file.endswith('.so'), 'mmcv has no compiled operators here: make env OPS=1'
    expected = results(inputs('cpu'))
    put_stand_ins()
    same(results(inputs('cpu')), expected)


@pytest.mark.gpu
@pytest.mark.parametrize('results', ON_A_GPU)
def test_a_gpu_gives_the_same(put_stand_ins, results):
    put_stand_ins()
    same(results(inputs('cuda')), results(inputs('cpu')))


@pytest.mark.gpu
def test_mixed_precision_on_a_gpu(put_stand_ins):
    put_stand_ins()
    half, full = inputs('cuda', torch.float16), inputs('cuda')
    for results in (focal_results, roi_align_results):
        for own, other in zip(results(half), results(full), strict=True):
            torch.testing.assert_close(own.float(), other, atol=0.05, rtol=0.05)
