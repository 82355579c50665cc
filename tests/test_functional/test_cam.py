import pytest
import torch
import torch.nn.functional as F

from sltnet_mm.functional import average_top_k_maps, class_maps, to_score_map


def test_class_maps_are_the_weighted_sum_of_features():
    features, weight = torch.randn(2, 3, 4, 5), torch.randn(6, 3)
    expected = torch.zeros(2, 6, 4, 5)
    for c in range(6):
        for n in range(3):
            expected[:, c] += weight[c, n] * features[:, n]
    torch.testing.assert_close(class_maps(features, weight), expected)


def test_spatial_mean_of_class_maps_is_the_logit():
    features = torch.randn(3, 8, 7, 5)
    linear = torch.nn.Linear(8, 4, bias=False)
    logits = linear(F.adaptive_avg_pool2d(features, 1).flatten(1))
    torch.testing.assert_close(class_maps(features, linear.weight).mean((2, 3)), logits)


def test_class_maps_pass_gradients_to_both_and_take_any_layout():
    features = torch.randn(2, 5, 4, 3).transpose(1, 2).requires_grad_()  # not contiguous, N = 4
    weight = torch.randn(4, 3).T.requires_grad_()
    class_maps(features, weight).square().sum().backward()
    assert features.grad.abs().sum() > 0
    assert class_maps(torch.zeros(0, 4, 3, 3), weight).shape == (0, 3, 3, 3)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_class_maps_keep_the_dtype(dtype):
    features, weight = torch.randn(2, 3, 4, 4), torch.randn(5, 3)
    maps = class_maps(features.to(dtype), weight.to(dtype))
    assert maps.dtype == dtype
    torch.testing.assert_close(maps.float(), class_maps(features, weight), atol=0.1, rtol=0.05)


def test_class_maps_refuse_channels_that_differ():
    with pytest.raises(ValueError, match='number of channels'):
        class_maps(torch.zeros(1, 3, 2, 2), torch.zeros(5, 4))
    with pytest.raises(ValueError, match='weight must have shape CxN'):
        class_maps(torch.zeros(1, 3, 2, 2), torch.zeros(5, 3, 1, 1))


def test_average_of_top_k_maps_against_a_loop():
    generator = torch.Generator().manual_seed(0)
    for k in (1, 2, 5, 7):
        maps, logits = torch.randn(4, 7, 3, 5, generator=generator), torch.randn(4, 7, generator=generator)
        expected = []
        for image_maps, image_logits in zip(maps, logits, strict=True):
            best = sorted(range(7), key=lambda c, x=image_logits: -x[c].item())[:k]
            expected.append(sum(image_maps[c] for c in best) / k)
        torch.testing.assert_close(average_top_k_maps(maps, logits, k), torch.stack(expected))


def test_average_with_k_one_is_the_cam_of_the_prediction_and_with_all_classes_the_mean():
    maps, logits = torch.randn(3, 6, 4, 4), torch.randn(3, 6)
    best = maps[torch.arange(3), logits.argmax(1)]
    assert torch.equal(average_top_k_maps(maps, logits, 1), best)
    torch.testing.assert_close(average_top_k_maps(maps, logits, 6), maps.mean(1))


def test_average_passes_gradient_to_the_chosen_maps_only():
    maps = torch.randn(1, 4, 2, 2, requires_grad=True)
    logits = torch.tensor([[0.0, 3.0, 1.0, 2.0]], requires_grad=True)
    average_top_k_maps(maps, logits, 2).sum().backward()
    assert maps.grad[0, :, 0, 0].tolist() == [0.0, 0.5, 0.0, 0.5]
    assert logits.grad is None


def test_average_keeps_nan_and_dtype_and_takes_an_empty_batch():
    maps, logits = torch.zeros(1, 3, 2, 2), torch.tensor([[3.0, 2.0, 1.0]])
    maps[0, 1, 0, 0] = torch.nan
    assert average_top_k_maps(maps, logits, 2).isnan().sum() == 1
    assert average_top_k_maps(maps, logits, 1).isnan().sum() == 0
    assert average_top_k_maps(maps.bfloat16(), logits.bfloat16(), 1).dtype == torch.bfloat16
    assert average_top_k_maps(maps[:0], logits[:0], 2).shape == (0, 2, 2)


@pytest.mark.parametrize(
    ('k', 'error'), [(0, ValueError), (4, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)]
)
def test_average_refuses_k(k, error):
    with pytest.raises(error, match='k must be'):
        average_top_k_maps(torch.zeros(1, 3, 2, 2), torch.zeros(1, 3), k)


@pytest.mark.parametrize('logits', [torch.zeros(1, 4), torch.zeros(2, 3)])
def test_average_refuses_maps_and_logits_that_differ(logits):
    with pytest.raises(ValueError, match='maps and logits must agree'):
        average_top_k_maps(torch.zeros(1, 3, 2, 2), logits, 1)


def test_score_map_is_resized_before_it_is_normalized():
    # 9 is not sampled: of the resized values 4.5 and 2 the larger becomes 1, not 4.5 / 9.
    assert to_score_map(torch.tensor([[[0.0, 9.0, 3.0, 1.0]]]), (1, 2)).tolist() == [[[1.0, 0.0]]]


def test_score_map_against_a_bilinear_loop():
    generator = torch.Generator().manual_seed(1)
    for (h, w), (height, width) in [((3, 4), (7, 9)), ((5, 2), (3, 8)), ((1, 1), (4, 4)), ((6, 6), (6, 6))]:
        maps = torch.randn(2, h, w, generator=generator, dtype=torch.float64)
        resized = torch.empty(2, height, width, dtype=torch.float64)
        for y in range(height):
            for x in range(width):
                fy = min(max((y + 0.5) * h / height - 0.5, 0), h - 1)
                fx = min(max((x + 0.5) * w / width - 0.5, 0), w - 1)
                y0, x0 = int(fy), int(fx)
                y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
                top = (1 - fx + x0) * maps[:, y0, x0] + (fx - x0) * maps[:, y0, x1]
                bottom = (1 - fx + x0) * maps[:, y1, x0] + (fx - x0) * maps[:, y1, x1]
                resized[:, y, x] = (1 - fy + y0) * top + (fy - y0) * bottom
        low, high = resized.amin((1, 2), keepdim=True), resized.amax((1, 2), keepdim=True)
        expected = (resized - low) / (high - low) if h * w > 1 else torch.zeros_like(resized)
        result = to_score_map(maps, (height, width))
        assert result.dtype == torch.float64
        torch.testing.assert_close(result, expected)


def test_score_map_forgets_offset_and_scale_and_spans_zero_to_one():
    maps = torch.randn(5, 6, 7)
    scores = to_score_map(maps, (13, 17))
    assert scores.amin((1, 2)).tolist() == [0.0] * 5
    assert scores.amax((1, 2)).tolist() == [1.0] * 5
    torch.testing.assert_close(to_score_map(-3 + 8 * maps, (13, 17)), scores, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('value', [0.1, 0.0, -7.3, 1e-30, 1234.567])
def test_constant_maps_give_zeros_in_spite_of_rounding(value):
    for size in [(224, 224), (5, 3), (7, 7)]:
        assert to_score_map(torch.full((2, 7, 7), value), size).abs().max() == 0


def test_constant_maps_pass_no_nan_gradient():
    for size in ((9, 9), (4, 4)):
        maps = torch.full((1, 4, 4), 0.3, requires_grad=True)
        to_score_map(maps, size).sum().backward()
        assert torch.equal(maps.grad, torch.zeros(1, 4, 4))


def test_maps_that_become_constant_by_resizing_give_zeros():
    assert to_score_map(torch.arange(32.0).view(2, 4, 4), (1, 1)).tolist() == [[[0.0]], [[0.0]]]


def test_score_map_does_not_hide_nan_or_infinity():
    maps = torch.rand(4, 5, 5)
    maps[1, 2, 2], maps[2, 0, 0], maps[3] = torch.nan, torch.inf, torch.inf
    scores = to_score_map(maps, (5, 5))
    assert scores.isnan().flatten(1).any(1).tolist() == [False, True, True, True]
    assert scores[1].isnan().all()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_score_maps_are_float32(dtype):
    maps = torch.randn(2, 7, 7).to(dtype)
    scores = to_score_map(maps, (28, 28))
    assert scores.dtype == torch.float32
    assert torch.equal(scores, to_score_map(maps.float(), (28, 28)))


def test_score_map_takes_an_empty_batch_and_refuses_sizes():
    assert to_score_map(torch.zeros(0, 7, 7), (14, 14)).shape == (0, 14, 14)
    for size in [14, (14,), (0, 3), (2.5, 3)]:
        with pytest.raises(ValueError, match='size must'):
            to_score_map(torch.zeros(1, 7, 7), size)
    with pytest.raises(ValueError, match='Bxhxw'):
        to_score_map(torch.zeros(1, 1, 7, 7), (3, 3))
    with pytest.raises(TypeError, match='floating'):
        to_score_map(torch.zeros(1, 7, 7, dtype=torch.uint8), (3, 3))
