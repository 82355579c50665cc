import math

import pytest
import torch
import torch.nn.functional as F

from sltnet_mm.functional import check_tolerance, in_top_k, smt_loss, tolerant_losses


def random_batch(batch=16, classes=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(batch, classes, generator=generator)
    return logits, torch.randint(classes, (batch,), generator=generator)


def test_loss_against_equation_8_written_out():
    for seed, (k, alpha) in enumerate([(1, 0.3), (3, 0.4), (8, 0.0), (5, 0.9)]):
        logits, labels = random_batch(seed=seed)
        expected = []
        for x, y in zip(logits.tolist(), labels.tolist(), strict=True):
            cross_entropy = math.log(sum(math.exp(v) for v in x)) - x[y]
            top = sorted(x, reverse=True)[:k]
            expected.append(alpha * cross_entropy if x[y] in top else cross_entropy)
        expected = torch.tensor(expected)
        torch.testing.assert_close(smt_loss(logits, labels, k, alpha, 'none'), expected)
        torch.testing.assert_close(smt_loss(logits, labels, k, alpha), expected.mean())
        torch.testing.assert_close(smt_loss(logits, labels, k, alpha, 'sum'), expected.sum())


@pytest.mark.parametrize('k', [1, 4, 9])
def test_alpha_one_is_cross_entropy(k):
    logits, labels = random_batch()
    torch.testing.assert_close(smt_loss(logits, labels, k, 1.0), F.cross_entropy(logits, labels))


def test_all_classes_tolerated_scales_cross_entropy():
    logits, labels = random_batch()
    torch.testing.assert_close(smt_loss(logits, labels, 9, 0.4), 0.4 * F.cross_entropy(logits, labels))


def test_gradient_is_scaled_for_the_tolerated_samples_only():
    logits, labels = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]), torch.tensor([1, 2])
    plain, damped = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    F.cross_entropy(plain, labels, reduction='sum').backward()
    smt_loss(damped, labels, k=2, alpha=0.25, reduction='sum').backward()
    torch.testing.assert_close(damped.grad, plain.grad * torch.tensor([[0.25], [1.0]]))


def test_mean_divides_by_the_batch_not_by_the_factors():
    logits, labels = torch.tensor([[5.0, 0.0], [0.0, 5.0]]), torch.tensor([0, 0])
    each = F.cross_entropy(logits, labels, reduction='none')
    torch.testing.assert_close(smt_loss(logits, labels, 1, 0.5), (0.5 * each[0] + each[1]) / 2)


def test_in_top_k_counts_strictly_greater_logits():
    logits = torch.tensor([[2.0, 1.0, 1.0, 0.0]]).expand(4, -1)
    assert in_top_k(logits, torch.arange(4), 1).tolist() == [True, False, False, False]
    assert in_top_k(logits, torch.arange(4), 2).tolist() == [True, True, True, False]  # the tie counts for both
    assert in_top_k(logits, torch.arange(4), 3).tolist() == [True, True, True, False]
    assert in_top_k(logits, torch.arange(4), 4).all()
    assert in_top_k(torch.zeros(2, 5), torch.tensor([4, 0]), 1).all()


def test_in_top_k_is_that_of_topk_without_ties_and_carries_no_gradient():
    for k in (1, 3, 7):
        logits, labels = random_batch(64, seed=k)
        expected = (logits.topk(k).indices == labels[:, None]).any(1)
        hit = in_top_k(logits.requires_grad_(), labels, k)
        assert torch.equal(hit, expected)
        assert not hit.requires_grad


def test_more_classes_tolerated_never_raises_the_loss():
    logits, labels = random_batch(32)
    losses = [smt_loss(logits, labels, k, 0.4).item() for k in range(1, 10)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    logits, labels = random_batch()
    loss = smt_loss(logits.to(dtype), labels, 3, 0.4)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, smt_loss(logits.to(dtype).float(), labels, 3, 0.4))


def test_empty_batch_gives_zero_with_a_graph():
    logits = torch.zeros(0, 4, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.int64)
    loss = smt_loss(logits, labels, 2, 0.5)
    loss.backward()
    assert loss.item() == 0
    assert smt_loss(logits, labels, 2, 0.5, 'none').shape == (0,)


def test_nan_stays():
    logits = torch.tensor([[torch.nan, 1.0], [0.0, 1.0]])
    assert smt_loss(logits, torch.tensor([0, 0]), 1, 0.0, 'none').isnan().tolist() == [True, False]


def test_refusals():
    logits, labels = torch.zeros(2, 3), torch.tensor([0, 1])
    for alpha in (-0.1, 1.1, float('nan')):
        with pytest.raises(ValueError, match='alpha must be in'):
            smt_loss(logits, labels, 1, alpha)
    for k in (0, 4):
        with pytest.raises(ValueError, match='k must be'):
            smt_loss(logits, labels, k, 0.5)
    with pytest.raises(ValueError, match='reduction must be one of'):
        smt_loss(logits, labels, 1, 0.5, 'average')
    with pytest.raises(ValueError, match='one class per row'):
        smt_loss(logits, labels[:1], 1, 0.5)
    with pytest.raises(TypeError, match='int64'):
        smt_loss(logits, labels.float(), 1, 0.5)
    for wrong in ([0, 3], [-100, 1]):
        with pytest.raises(ValueError, match=r'labels must be in \[0, 3\)'):
            smt_loss(logits, torch.tensor(wrong), 1, 0.5)
        with pytest.raises(ValueError, match=r'labels must be in \[0, 3\)'):
            in_top_k(logits, torch.tensor(wrong), 1)


def test_settings_can_be_checked_before_the_classes_are_known():
    check_tolerance(1000, 0)
    for k, alpha, error in [(0, 0.5, ValueError), (2.0, 0.5, TypeError), (1, 2, ValueError), (1, '1', TypeError)]:
        with pytest.raises(error):
            check_tolerance(k, alpha)


def slow_soft_loss(scores, shares, k, alpha, background=None):
    """Class by class, in Python."""
    log_probs = scores.double().log_softmax(0)
    loss = tolerated = 0.0
    for c, share in enumerate(shares.tolist()):
        hit = sum(other > scores[c] for other in scores) < k and c != background
        loss -= share * (alpha if hit else 1) * log_probs[c].item()
        tolerated += share * hit
    return loss, float(tolerated)


def test_soft_labels_class_by_class():
    generator = torch.Generator().manual_seed(2)
    for _ in range(30):
        logits = torch.randn(4, 6, generator=generator).round(decimals=1)  # with ties
        shares = torch.rand(4, 6, generator=generator).softmax(dim=1)
        k = int(torch.randint(1, 7, (), generator=generator))
        losses, tolerated = tolerant_losses(logits, shares, k, 0.3, background=-2)
        expected = torch.tensor([slow_soft_loss(s, t, k, 0.3, 4) for s, t in zip(logits, shares, strict=True)])
        torch.testing.assert_close(torch.stack([losses, tolerated], dim=1), expected)


@pytest.mark.parametrize('background', [None, 0, 5])
def test_one_hot_soft_labels_are_class_indices(background):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(50, 6, generator=generator, requires_grad=True)
    labels = torch.randint(6, (50,), generator=generator)
    hard = tolerant_losses(logits, labels, 3, 0.3, background)
    soft = tolerant_losses(logits, torch.nn.functional.one_hot(labels, 6).float(), 3, 0.3, background)
    torch.testing.assert_close(soft, hard)
    assert not soft[1].requires_grad and not hard[1].requires_grad
    damped = in_top_k(logits, labels, 3) & (labels != (-1 if background is None else background))
    assert torch.equal(hard[1].bool(), damped) and damped.any() and not damped.all()


def test_the_background_takes_a_place_among_the_top_k():
    logits = torch.tensor([[2.0, 1.0, 3.0]])  # the last class is the background and the best
    assert tolerant_losses(logits, torch.tensor([0]), 1, 0.5, background=-1)[1].tolist() == [0]
    assert tolerant_losses(logits, torch.tensor([0]), 2, 0.5, background=-1)[1].tolist() == [1]
    assert tolerant_losses(logits, torch.tensor([2]), 2, 0.5, background=-1)[1].tolist() == [0]


def test_soft_labels_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r'soft labels must have the shape of the logits, \(2, 3\)'):
        tolerant_losses(torch.rand(2, 3), torch.rand(2, 4), 1, 0.5)
