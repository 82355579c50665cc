"""The stand-ins, called through mmcv.ops, beside slow references, known cases and numerical derivatives.

mmcv.ops is made to call them here whether mmcv has compiled operators or not.
"""

import mmcv.ops
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmcv.ops.deform_conv import DeformConv2dFunction
from mmcv.ops.modulated_deform_conv import ModulatedDeformConv2dFunction
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction, multi_scale_deformable_attn_pytorch
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss


@pytest.fixture(autouse=True)
def stand_ins(put_stand_ins):
    put_stand_ins()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def random_boxes(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    corners = torch.rand(count, 2, generator=generator) * 20
    sizes = 1 + torch.rand(count, 2, generator=generator) * 20
    return torch.cat((corners, corners + sizes), 1), torch.rand(count, generator=generator)


def slow_iou(a, b, offset: int = 0) -> float:
    sides = [max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i]) + offset) for i in (0, 1)]
    areas = [(box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b)]
    return sides[0] * sides[1] / (sum(areas) - sides[0] * sides[1])


def slow_groups(boxes, scores, suppresses, offset: int = 0) -> list[list[int]]:
    """Greedy suppression: each kept box with those it suppresses, all in the order of their scores."""
    left, groups = sorted(range(len(boxes)), key=lambda i: -scores[i]), []
    while left:
        best, *left = left
        groups.append([best, *(i for i in left if suppresses(slow_iou(boxes[best], boxes[i], offset)))])
        left = [i for i in left if i not in groups[-1]]
    return groups


@pytest.mark.parametrize('offset', [0, 1])
def test_nms(generator, offset):
    boxes, scores = random_boxes(60, generator)
    boxes = boxes.round()  # Small integers: inclusive and exclusive ends differ.
    detections, kept = mmcv.ops.nms(boxes, scores, 0.4, offset=offset)
    groups = slow_groups(boxes.numpy().astype(float), scores, lambda iou: iou > 0.4, offset)
    assert kept.tolist() == [group[0] for group in groups] and 5 < len(kept) < 50
    assert torch.equal(detections, torch.cat((boxes[kept], scores[kept, None]), 1))


def test_nms_with_inclusive_ends_is_another():
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 2.0, 1.0]])  # Two columns of pixels each, one shared.
    scores = torch.tensor([0.9, 0.8])
    assert mmcv.ops.nms(boxes, scores, 0.3, offset=0)[1].tolist() == [0, 1]
    assert mmcv.ops.nms(boxes, scores, 0.3, offset=1)[1].tolist() == [0]


def test_nms_of_nothing_of_arrays_and_of_half_precision():
    assert mmcv.ops.nms(torch.zeros(0, 4), torch.zeros(0), 0.5)[1].tolist() == []
    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 3.9], [6, 6, 9, 9]], dtype=np.float32)
    scores = np.array([0.8, 0.9, 0.1], dtype=np.float32)
    assert mmcv.ops.nms(boxes, scores, 0.5)[1].tolist() == [1, 2]
    assert mmcv.ops.nms(boxes, scores, 0.5, score_threshold=0.2)[1].tolist() == [1]
    assert mmcv.ops.nms(torch.tensor(boxes), torch.tensor(scores).half(), 0.5, max_num=1)[1].tolist() == [1]


def test_batched_nms_keeps_classes_apart(generator):
    boxes, scores = random_boxes(40, generator)
    classes = torch.arange(40) % 3
    _, kept = mmcv.ops.batched_nms(boxes, scores, classes, dict(type='nms', iou_threshold=0.4))
    expected = set()
    for label in range(3):
        own = (classes == label).nonzero()[:, 0].tolist()
        expected |= {own[group[0]] for group in slow_groups(boxes[own], scores[own], lambda iou: iou > 0.4)}
    assert set(kept.tolist()) == expected


def slow_softnms(boxes, scores, weight_of, min_score: float) -> list[tuple[int, float]]:
    scores, left, kept = scores.tolist(), list(range(len(boxes))), []
    while left:
        best = max(left, key=lambda i: scores[i])
        kept.append((best, scores[best]))
        left.remove(best)
        for i in left:
            scores[i] *= weight_of(slow_iou(boxes[best], boxes[i]))
        left = [i for i in left if scores[i] >= min_score]
    return kept


@pytest.mark.parametrize(
    ('method', 'weight_of'),
    [
        ('naive', lambda iou: 0.0 if iou >= 0.3 else 1.0),
        ('linear', lambda iou: 1 - iou if iou >= 0.3 else 1.0),
        ('gaussian', lambda iou: np.exp(-iou * iou / 0.5)),
    ],
)
def test_soft_nms(generator, method, weight_of):
    boxes, scores = random_boxes(40, generator)
    given = scores.clone()
    detections, kept = mmcv.ops.soft_nms(boxes, scores, 0.3, sigma=0.5, min_score=0.05, method=method)
    expected = slow_softnms(boxes.numpy().astype(float), scores, weight_of, 0.05)
    assert kept.tolist() == [index for index, _ in expected] and 5 < len(kept) < 40
    assert detections[:, 4].tolist() == pytest.approx([score for _, score in expected], abs=1e-5)
    assert torch.equal(detections[:, :4], boxes[kept]) and torch.equal(scores, given)


def test_nms_match(generator):
    boxes, scores = random_boxes(40, generator)
    groups = mmcv.ops.nms_match(torch.cat((boxes, scores[:, None]), 1), 0.3)
    expected = slow_groups(boxes.numpy().astype(float), scores, lambda iou: iou >= 0.3)
    assert [group.tolist() for group in groups] == expected and max(map(len, expected)) > 2


def test_focal_loss_is_that_of_mmdet_in_python(generator):
    scores = (4 * torch.randn(64, 7, generator=generator)).requires_grad_()
    targets = torch.randint(0, 8, (64,), generator=generator)  # 7 is background.
    loss = mmcv.ops.sigmoid_focal_loss(scores, targets, 2.0, 0.25, None, 'none')
    expected = py_sigmoid_focal_loss(scores, F.one_hot(targets, 8)[:, :7].float(), None, 2.0, 0.25, 'none')
    torch.testing.assert_close(loss, expected, atol=1e-6, rtol=1e-5)
    weights = torch.rand(64, 7, generator=generator)
    gradients = [torch.autograd.grad((value * weights).sum(), scores)[0] for value in (loss, expected)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-5)


def test_focal_loss_with_class_weights_in_half_precision_and_far_out(generator):
    scores = torch.randn(6, 3, generator=generator)
    targets, weights = torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([0.5, 2.0, 3.0])
    plain = mmcv.ops.sigmoid_focal_loss(scores, targets, 2.0, 0.25, None, 'none')
    weighted = mmcv.ops.sigmoid_focal_loss(scores, targets, 2.0, 0.25, weights, 'none')
    torch.testing.assert_close(weighted, plain * torch.tensor([0.5, 2.0, 3.0, 1.0, 0.5, 2.0])[:, None])
    half = mmcv.ops.sigmoid_focal_loss(scores.half(), targets, 2.0, 0.25, None, 'none')
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), plain, atol=2e-3, rtol=2e-3)
    far = torch.tensor([[200.0], [-200.0]], requires_grad=True)
    loss = mmcv.ops.sigmoid_focal_loss(far, torch.tensor([1, 0]), 2.0, 0.25, None, 'sum')
    assert loss.item() == pytest.approx(0.75 * 200 + 0.25 * 200)
    assert torch.autograd.grad(loss, far)[0][:, 0].tolist() == pytest.approx([0.75, -0.25])


def slow_roi_align(features, roi, size: tuple[int, int], scale: float, samples: int, aligned: bool) -> torch.Tensor:
    """One region: the mean of bilinear samples per cell."""
    shift = 0.5 if aligned else 0.0
    x1, y1, x2, y2 = (float(value) * scale - shift for value in roi[1:])
    width, height = (x2 - x1, y2 - y1) if aligned else (max(x2 - x1, 1.0), max(y2 - y1, 1.0))
    image = features[int(roi[0])]
    output = torch.zeros(len(image), *size, dtype=features.dtype)
    for row in range(size[0]):
        for column in range(size[1]):
            for i in range(samples):
                for j in range(samples):
                    y = y1 + (row + (i + 0.5) / samples) * height / size[0]
                    x = x1 + (column + (j + 0.5) / samples) * width / size[1]
                    output[:, row, column] += slow_bilinear(image, y, x) / samples**2
    return output


def slow_bilinear(image, y: float, x: float) -> torch.Tensor:
    height, width = image.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return torch.zeros(len(image), dtype=image.dtype)
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    value = torch.zeros(len(image), dtype=image.dtype)
    for row, down in ((top, 1 - (y - top)), (min(top + 1, height - 1), y - top)):
        for column, right in ((left, 1 - (x - left)), (min(left + 1, width - 1), x - left)):
            value += down * right * image[:, row, column]
    return value


ROIS = torch.tensor([[0, 2.0, 3.0, 21.0, 17.0], [1, 0.0, 0.0, 9.5, 30.0], [1, 20.0, 20.0, 45.0, 44.0]])


@pytest.mark.parametrize('aligned', [True, False])
def test_roi_align(generator, aligned):
    features = torch.randn(2, 3, 16, 18, generator=generator)
    output = mmcv.ops.roi_align(features, ROIS, (3, 2), 0.5, 2, 'avg', aligned)
    expected = torch.stack([slow_roi_align(features, roi, (3, 2), 0.5, 2, aligned) for roi in ROIS])
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)


def test_roi_align_has_the_right_derivative(generator):
    features = torch.randn(2, 2, 8, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    rois = ROIS.double()
    assert torch.autograd.gradcheck(lambda x: mmcv.ops.roi_align(x, rois, (3, 2), 0.25, 2, 'avg', True), features)


def test_maximum_in_roi_align_is_refused():
    with pytest.raises(NotImplementedError, match="pool_mode='max' is not in torchvision(.|\n)*make env OPS=1"):
        mmcv.ops.roi_align(torch.zeros(1, 1, 8, 8), ROIS[:1], (2, 2), 1.0, 2, 'max', True)


# Stride, padding, dilation; groups of the weight and of the offset.
CONVOLUTIONS = [(1, 1, 1, 1, 1), ((2, 1), (1, 2), (1, 2), 2, 1), (1, 0, 1, 1, 2), (2, 1, 1, 2, 4)]


def convolution_inputs(setting, generator, dtype=torch.float32):
    stride, padding, dilation, groups, offset_groups = setting
    images = torch.randn(2, 4, 6, 7, generator=generator, dtype=dtype)
    weight = torch.randn(6, 4 // groups, 3, 2, generator=generator, dtype=dtype)
    plain = F.conv2d(images, weight, None, stride, padding, dilation, groups)
    shape = plain.shape[-2:]
    # Far from whole pixels, where bilinear interpolation has no derivative.
    offset = torch.randint(-1, 2, (2, offset_groups * 12, *shape), generator=generator).to(dtype)
    offset += 0.2 + 0.6 * torch.rand(offset.shape, generator=generator, dtype=dtype)
    mask = torch.rand(2, offset_groups * 6, *shape, generator=generator, dtype=dtype)
    bias = torch.randn(6, generator=generator, dtype=dtype)
    return images, offset, weight, mask, bias, plain


@pytest.mark.parametrize('setting', CONVOLUTIONS)
def test_without_offset_it_is_a_convolution(generator, setting):
    images, offset, weight, mask, bias, plain = convolution_inputs(setting, generator)
    still, full = torch.zeros_like(offset), torch.ones_like(mask)
    torch.testing.assert_close(mmcv.ops.deform_conv2d(images, still, weight, *setting), plain)
    modulated = mmcv.ops.modulated_deform_conv2d(images, still, full / 2, weight, bias, *setting)
    torch.testing.assert_close(modulated, plain / 2 + bias[:, None, None])
    torch.testing.assert_close(mmcv.ops.modulated_deform_conv2d(images, still, full, weight, None, *setting), plain)


def test_offset_is_down_then_right():
    images = torch.arange(30.0).reshape(1, 1, 5, 6)
    offset = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1).expand(1, 2, 5, 6).contiguous()
    moved = mmcv.ops.deform_conv2d(images, offset, torch.ones(1, 1, 1, 1))
    torch.testing.assert_close(moved[..., :4, :4], images[..., 1:, 2:])
    assert moved[..., 4, :].abs().sum() == 0


@pytest.mark.parametrize('setting', CONVOLUTIONS)
def test_deformable_convolutions_have_the_right_derivatives(generator, setting):
    images, offset, weight, mask, bias, _ = convolution_inputs(setting, generator, torch.float64)
    for tensor in (images, offset, weight, mask, bias):
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *x: DeformConv2dFunction.apply(*x, *setting), (images, offset, weight), fast_mode=True
    )
    assert torch.autograd.gradcheck(
        lambda *x: ModulatedDeformConv2dFunction.apply(*x, *setting),
        (images, offset, mask, weight, bias),
        fast_mode=True,
    )
    assert torch.autograd.gradcheck(
        lambda *x: ModulatedDeformConv2dFunction.apply(*x, None, *setting),
        (images, offset, mask, weight),
        fast_mode=True,
    )


def test_deformable_attention(generator):
    shapes, starts = torch.tensor([[4, 5], [2, 3]]), torch.tensor([0, 20])
    value = torch.randn(2, 26, 2, 3, generator=generator, requires_grad=True)
    locations = torch.rand(2, 4, 2, 2, 3, 2, generator=generator, requires_grad=True)
    weights = torch.rand(2, 4, 2, 2, 3, generator=generator, requires_grad=True)
    inputs, graded = (value, locations, weights), torch.randn(2, 4, 6, generator=generator)
    output = MultiScaleDeformableAttnFunction.apply(value, shapes, starts, locations, weights, 64)
    expected = multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)
    torch.testing.assert_close(output, expected)
    for own, other in zip(
        torch.autograd.grad(output, inputs, graded), torch.autograd.grad(expected, inputs, graded), strict=True
    ):
        torch.testing.assert_close(own, other)


def test_facts_of_the_build():
    assert mmcv.ops.get_compiler_version() == 'not compiled'
    assert mmcv.ops.get_compiling_cuda_version() == 'not available'
