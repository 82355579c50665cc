import pytest
import torch

from sltnet_mm.functional import boxes_to_regression, regression_loss, regression_to_boxes, smooth_l1


def test_units_are_pixels_over_m_and_back():
    boxes = torch.tensor([[0.0, 32.0, 224.0, 100.0]])
    assert boxes_to_regression(boxes, 16).tolist() == [[0.0, 2.0, 14.0, 6.25]]
    assert boxes_to_regression(boxes, 224)[0, 2] == 1
    random = 300 * torch.rand(50, 4, dtype=torch.float64) - 20
    for stride in (1, 8, 16, 22.4, 224):
        torch.testing.assert_close(regression_to_boxes(boxes_to_regression(random, stride), stride), random)
    assert boxes_to_regression(torch.zeros(0, 4), 16).shape == (0, 4)
    assert boxes_to_regression(torch.zeros(4), 16).shape == (4,)


@pytest.mark.parametrize('stride', [0, -16, float('nan'), float('inf')])
def test_units_refuse_strides(stride):
    for function in (boxes_to_regression, regression_to_boxes):
        with pytest.raises(ValueError, match='stride must be a positive'):
            function(torch.zeros(1, 4), stride)


def test_units_refuse_other_tensors():
    with pytest.raises(ValueError, match='boxes must have shape'):
        boxes_to_regression(torch.zeros(1, 5), 16)
    with pytest.raises(TypeError, match='units must be a floating tensor'):
        regression_to_boxes(torch.zeros(1, 4, dtype=torch.int64), 16)


def test_smooth_l1_is_equation_4():
    x = torch.linspace(-3, 3, 601, dtype=torch.float64)
    expected = torch.tensor([0.5 * v * v if abs(v) < 1 else abs(v) - 0.5 for v in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(smooth_l1(x + 7, torch.full_like(x, 7)), expected)


def test_loss_sums_the_four_numbers_and_averages_the_images():
    pred = torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    target = torch.tensor([[0.0, 3.0, 1.0, 1.5], [0.0, 0.0, 0.0, 10.0]])
    each = torch.tensor([0.5 + 1.5 + 0.0 + 0.125, 9.5])
    torch.testing.assert_close(regression_loss(pred, target, reduction='none'), each)
    torch.testing.assert_close(regression_loss(pred, target, reduction='sum'), each.sum())
    torch.testing.assert_close(regression_loss(pred, target), each.sum() / 2)


def test_an_image_without_weight_still_counts_in_the_mean():
    pred, target = torch.zeros(4, 4), torch.ones(4, 4)
    weight = torch.tensor([0.0, 1.0, 0.0, 1.0])
    assert regression_loss(pred, target, weight).item() == 2 * 2.0 / 4
    assert regression_loss(pred, target, weight, 'none').tolist() == [0, 2, 0, 2]
    assert regression_loss(pred, target, torch.zeros(4)).item() == 0


def test_gradient_reaches_the_prediction_of_weighted_images_only():
    pred = torch.full((2, 4), 3.0, requires_grad=True)
    regression_loss(pred, torch.zeros(2, 4), torch.tensor([0.0, 1.0])).backward()
    assert pred.grad.tolist() == [[0.0] * 4, [0.5] * 4]


def test_empty_batch_half_precision_and_nan():
    pred = torch.zeros(0, 4, requires_grad=True)
    loss = regression_loss(pred, torch.zeros(0, 4))
    loss.backward()
    assert loss.item() == 0
    half = regression_loss(torch.full((1, 4), 300.0).half(), torch.zeros(1, 4).half())
    assert half.dtype == torch.float32
    assert half.item() == 4 * 299.5
    broken = regression_loss(torch.full((1, 4), torch.nan), torch.zeros(1, 4), torch.zeros(1))
    assert broken.isnan()


def test_loss_refuses():
    with pytest.raises(ValueError, match='same shape'):
        regression_loss(torch.zeros(2, 4), torch.zeros(1, 4))
    with pytest.raises(ValueError, match='Bx4'):
        regression_loss(torch.zeros(2, 3), torch.zeros(2, 3))
    with pytest.raises(ValueError, match='one number per image'):
        regression_loss(torch.zeros(2, 4), torch.zeros(2, 4), torch.ones(2, 4))
    with pytest.raises(ValueError, match='reduction'):
        regression_loss(torch.zeros(2, 4), torch.zeros(2, 4), reduction='batchmean')
