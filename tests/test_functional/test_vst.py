import pytest
import torch

from sltnet_mm.functional import normalize_maps, vst_loss

HOWS = ['none', 'class_minmax', 'batch_std', 'standardize']


def random_maps(seed=0, shape=(3, 5, 6, 4)):
    return 4 * torch.randn(shape, generator=torch.Generator().manual_seed(seed)) - 2


def test_loss_is_the_mean_of_squares_and_its_class_sum_c_times_that():
    a, b = random_maps(0), random_maps(1)
    total = sum((x - y) ** 2 for x, y in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True))
    assert vst_loss(a, b).item() == pytest.approx(total / (3 * 5 * 6 * 4), rel=1e-5)
    # eq. 13 of one image: the squared norm over W x H; then the mean over the batch
    literal = torch.stack([(x - y).square().sum() / (6 * 4) for x, y in zip(a, b, strict=True)]).mean()
    torch.testing.assert_close(vst_loss(a, b, 'class_sum'), literal)


def test_loss_of_equal_maps_is_zero_and_both_sides_get_a_gradient():
    a, b = random_maps(0).requires_grad_(), random_maps(1).requires_grad_()
    assert vst_loss(a, a).item() == 0
    vst_loss(a, b).backward()
    torch.testing.assert_close(a.grad, 2 * (a - b).detach() / a.numel())
    torch.testing.assert_close(b.grad, -a.grad)


def test_loss_of_half_precision_is_float32_and_does_not_overflow():
    a, b = torch.full((1, 2, 4, 4), 300.0).half(), torch.zeros(1, 2, 4, 4).half()
    loss = vst_loss(a, b)
    assert loss.dtype == torch.float32
    assert loss.item() == 90000
    assert vst_loss(a.double(), b.double()).dtype == torch.float64


def test_loss_of_an_empty_batch_nan_and_other_shapes():
    empty = torch.zeros(0, 5, 4, 4, requires_grad=True)
    loss = vst_loss(empty, empty)
    loss.backward()
    assert loss.item() == 0
    broken = random_maps()
    broken[0, 0, 0, 0] = torch.nan
    assert vst_loss(broken, random_maps()).isnan()
    with pytest.raises(ValueError, match='same shape'):
        vst_loss(random_maps(), random_maps()[:, :1])
    with pytest.raises(ValueError, match='reduction must be one of'):
        vst_loss(broken, broken, 'sum')


def test_none_is_the_maps():
    maps = random_maps()
    assert normalize_maps(maps) is maps


def test_class_minmax_spans_zero_to_one_in_each_class_map():
    result = normalize_maps(random_maps(), 'class_minmax')
    assert (result.amin((2, 3)) == 0).all() and (result.amax((2, 3)) == 1).all()
    expected = random_maps()[1, 2]
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    torch.testing.assert_close(result[1, 2], expected)


def test_standardize_has_zero_mean_a_class_and_unit_spread_an_image():
    result = normalize_maps(random_maps(), 'standardize')
    torch.testing.assert_close(result.mean((2, 3)), torch.zeros(3, 5), atol=1e-6, rtol=0)
    torch.testing.assert_close(result.square().mean((1, 2, 3)), torch.ones(3), atol=1e-5, rtol=0)
    maps = random_maps()
    maps[:, 0] *= 10  # the joint spread keeps which class is the strong one
    assert normalize_maps(maps, 'standardize')[:, 0].std() > 5 * normalize_maps(maps, 'standardize')[:, 1].std()


def test_batch_std_divides_by_the_spread_of_the_reference():
    maps, reference = random_maps(0), 7 * random_maps(1)
    torch.testing.assert_close(normalize_maps(maps, 'batch_std', reference), maps / reference.std(correction=0))
    torch.testing.assert_close(normalize_maps(maps, 'batch_std'), maps / maps.std(correction=0))


@pytest.mark.parametrize('scale', [1e-6, 0.01, 1.0, 300.0])
def test_invariances(scale):
    maps, offsets = random_maps(), torch.randn(3, 5, 1, 1, generator=torch.Generator().manual_seed(9))
    close = dict(atol=2e-4, rtol=2e-4)
    torch.testing.assert_close(normalize_maps(scale * maps, 'batch_std'), normalize_maps(maps, 'batch_std'), **close)
    torch.testing.assert_close(
        normalize_maps(scale * (maps + offsets), 'standardize'), normalize_maps(maps, 'standardize'), **close
    )
    each = scale * (1 + torch.arange(5.0).view(1, 5, 1, 1))
    torch.testing.assert_close(
        normalize_maps(each * (maps + offsets), 'class_minmax'), normalize_maps(maps, 'class_minmax'), **close
    )
    assert not torch.allclose(normalize_maps(each * maps, 'standardize'), normalize_maps(maps, 'standardize'), atol=0.1)


@pytest.mark.parametrize(
    ('how', 'shrinks'), [('none', True), ('batch_std', True), ('class_minmax', False), ('standardize', False)]
)
def test_whether_shrinking_the_maps_lowers_the_loss(how, shrinks):
    """The gradient along the maps themselves: what a step that scales both sides alike would gain."""
    a, b = random_maps(0).double().requires_grad_(), (random_maps(0) + 0.3 * random_maps(1)).double().requires_grad_()
    reference = a.detach()
    loss = vst_loss(normalize_maps(a, how, reference), normalize_maps(b, how, reference))
    loss.backward()
    gain = sum((x.grad * x).sum() for x in (a, b)) / loss
    assert gain.abs() < 1e-5 if not shrinks else gain > 1.9


def test_flattening_the_maps_does_not_lower_the_standardized_loss():
    a, b = random_maps(0), random_maps(0) + 0.5 * random_maps(1)
    losses = [
        vst_loss(normalize_maps(50 + keep * a, 'standardize'), normalize_maps(50 + keep * b, 'standardize'))
        for keep in (1.0, 0.3, 0.1)
    ]
    torch.testing.assert_close(losses[1], losses[0], rtol=2e-2, atol=0)
    torch.testing.assert_close(losses[2], losses[0], rtol=5e-2, atol=0)


def test_scale_of_batch_std_carries_no_gradient():
    maps, reference = random_maps(0).requires_grad_(), random_maps(1).requires_grad_()
    normalize_maps(maps, 'batch_std', reference).sum().backward()
    assert reference.grad is None
    assert torch.allclose(maps.grad, maps.grad[0, 0, 0, 0])


@pytest.mark.parametrize('how', HOWS)
@pytest.mark.parametrize('value', [0.0, 0.1, -7.0, 1e-20, 1e-40, 1e6])
def test_constant_maps_give_finite_values_and_gradients(how, value):
    a = torch.full((2, 3, 7, 7), value, requires_grad=True)
    b = torch.nn.functional.interpolate(torch.full((2, 3, 6, 6), value), (7, 7), mode='bilinear').requires_grad_()
    reference = a.detach()
    normalized = normalize_maps(b, how, reference)
    assert normalized.isfinite().all()
    vst_loss(normalize_maps(a, how, reference), normalized).backward()
    assert a.grad.isfinite().all() and b.grad.isfinite().all()
    if how in ('class_minmax', 'standardize'):
        assert normalized.abs().max() < 1e-2  # rounding noise is not blown up


def test_one_constant_class_map_among_others():
    maps = random_maps()
    maps[:, 2] = 5.0
    maps.requires_grad_()
    result = normalize_maps(maps, 'class_minmax')
    assert (result[:, 2] == 0).all()
    result.square().sum().backward()
    assert (maps.grad[:, 2] == 0).all()
    assert maps.grad.isfinite().all() and maps.grad.abs().sum() > 0


@pytest.mark.parametrize('how', HOWS)
@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_nan_and_infinity_are_not_hidden(how, value):
    maps = random_maps()
    maps[1, 2, 3, 3] = value
    result = normalize_maps(maps, how)
    assert not result[1, 2].isfinite().all()
    if how in ('class_minmax', 'standardize'):
        assert result[0].isfinite().all()


@pytest.mark.parametrize('how', HOWS)
def test_half_precision_empty_batch_and_layout(how):
    maps = random_maps()
    half = normalize_maps(maps.half(), how)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, normalize_maps(maps, how), atol=0.01, rtol=0.01)
    assert normalize_maps(maps[:0], how).shape == (0, 5, 6, 4)
    other_layout = maps.to(memory_format=torch.channels_last)
    torch.testing.assert_close(normalize_maps(other_layout, how), normalize_maps(maps, how))


def test_unknown_normalization():
    with pytest.raises(ValueError, match="how must be one of 'none'"):
        normalize_maps(random_maps(), 'minmax')
