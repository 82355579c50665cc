"""DDT against PCA by SVD of all descriptors at once, and its pieces alone."""

import cv2
import numpy as np
import pytest
import torch

from sltnet_mm.functional import box_iou
from sltnet_mm.functional.ddt import (
    DescriptorCovariance,
    ddt_heatmaps,
    heatmaps_to_boxes,
    object_sign,
    project_descriptors,
)


def features_of(seed, images=6, channels=12, rows=7, columns=9):
    """ReLU-like maps in which one thing occurs in every image."""
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.normal(size=(images, channels, rows, columns)), 0)
    thing = rng.normal(size=channels) * 4
    for maps in features:
        y, x = rng.integers(0, rows - 3), rng.integers(0, columns - 3)
        maps[:, y : y + 3, x : x + 3] += thing[:, None, None]
    return torch.from_numpy(features.astype(np.float32))


def slow_heatmaps(features):
    """All descriptors stacked, singular vectors, the sign that makes the largest projection positive."""
    stacked = features.double().numpy().transpose(0, 2, 3, 1).reshape(-1, features.shape[1])
    centered = stacked - stacked.mean(0)
    _, _, vectors = np.linalg.svd(centered, full_matrices=False)
    projections = centered @ vectors[0]
    if projections[np.abs(projections).argmax()] < 0:
        projections = -projections
    return projections.reshape(len(features), *features.shape[2:])


@pytest.mark.parametrize('seed', range(8))
def test_heatmaps_are_those_of_the_svd(seed):
    features = features_of(seed)
    np.testing.assert_allclose(ddt_heatmaps(features), slow_heatmaps(features), atol=1e-9)


@pytest.mark.parametrize('sizes', [(6,), (1, 1, 1, 1, 1, 1), (2, 4), (5, 1)])
def test_any_way_of_cutting_into_batches_gives_the_same(sizes):
    features = features_of(3)
    seen = DescriptorCovariance()
    for batch in features.split(sizes):
        seen.update(batch)
    descriptors = features.movedim(1, -1).reshape(-1, 12).double()
    torch.testing.assert_close(seen.mean, descriptors.mean(0))
    torch.testing.assert_close(seen.covariance(), torch.cov(descriptors.T, correction=0))
    projections = [project_descriptors(batch, seen.mean, seen.principal_direction()) for batch in features.split(sizes)]
    torch.testing.assert_close(object_sign(projections) * torch.cat(projections), ddt_heatmaps(features))


def test_large_means_do_not_swallow_the_variance():
    features = features_of(4).double() + 1e6  # the sums of squares would cancel
    torch.testing.assert_close(ddt_heatmaps(features), ddt_heatmaps(features_of(4)), atol=1e-5, rtol=0)


def test_sign_is_of_the_data_not_of_the_library():
    features = features_of(5)
    torch.testing.assert_close(ddt_heatmaps(-features), ddt_heatmaps(features))  # mirrored descriptors, same extremes
    assert object_sign([torch.tensor([0.5, -3.0]), torch.tensor([2.9])]) == -1
    assert object_sign([torch.tensor([0.5, -3.0]), torch.tensor([3.1])]) == 1
    assert object_sign([torch.zeros(4)]) == 1
    for seed in range(20):
        heatmaps = ddt_heatmaps(features_of(seed))
        assert heatmaps.flatten()[heatmaps.abs().argmax()] > 0


def test_finds_the_thing_that_the_images_share():
    rng = np.random.default_rng(0)
    features, truth = torch.zeros(10, 8, 14, 14), []
    features += torch.from_numpy(rng.normal(size=features.shape)).float() * 0.1
    thing = torch.from_numpy(rng.normal(size=8)).float()
    for maps in features:
        y, x = rng.integers(0, 9, 2)
        maps[:, y : y + 5, x : x + 5] += thing[:, None, None]
        truth.append([x * 32, y * 32, (x + 5) * 32, (y + 5) * 32])
    boxes = heatmaps_to_boxes(ddt_heatmaps(features), (448, 448))
    assert box_iou(boxes, torch.tensor(truth, dtype=torch.float32)).diagonal().min() > 0.6


@pytest.mark.parametrize('features', [torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.1), torch.ones(1, 3, 1, 1)])
def test_descriptors_that_do_not_vary_give_the_whole_image(features):
    heatmaps = ddt_heatmaps(features)
    assert not (heatmaps > 0).any()
    assert heatmaps_to_boxes(heatmaps, (20, 30)).tolist() == [[0, 0, 30, 20]] * len(features)


def slow_box(heatmap, size):
    """Label the cells, enlarge the largest component pixel by pixel, box its pixels."""
    mask = (heatmap > 0).astype(np.uint8)
    if not mask.any():
        return [0, 0, size[1], size[0]]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    counts = stats[1:, cv2.CC_STAT_AREA]
    first = {label: np.flatnonzero(labels.ravel() == label)[0] for label in np.flatnonzero(counts == counts.max()) + 1}
    component = labels == min(first, key=first.get)
    rows = np.arange(size[0]) * heatmap.shape[0] // size[0]
    columns = np.arange(size[1]) * heatmap.shape[1] // size[1]
    ys, xs = np.nonzero(component[rows][:, columns])
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_boxes_are_those_of_the_enlarged_component():
    rng = np.random.default_rng(1)
    for _ in range(60):
        rows, columns = rng.integers(2, 15, 2)
        size = tuple(int(side) for side in rng.integers(15, 120, 2))
        heatmap = rng.normal(size=(rows, columns)) - 0.5
        boxes = heatmaps_to_boxes(torch.from_numpy(heatmap)[None], size)
        assert boxes.dtype == torch.float32 and boxes[0].tolist() == slow_box(heatmap, size)


def test_zero_is_not_object():
    heatmap = torch.tensor([[[0.0, 0.0], [0.0, 1.0]]])
    assert heatmaps_to_boxes(heatmap, (4, 4)).tolist() == [[2, 2, 4, 4]]


def test_bad_input():
    with pytest.raises(ValueError, match='BxNxhxw'):
        DescriptorCovariance().update(torch.zeros(3, 4, 4))
    with pytest.raises(ValueError, match='finite'):
        DescriptorCovariance().update(torch.full((1, 2, 2, 2), torch.nan))
    with pytest.raises(ValueError, match='no descriptor'):
        DescriptorCovariance().covariance()
    seen = DescriptorCovariance()
    seen.update(torch.rand(1, 3, 2, 2))
    with pytest.raises(ValueError, match='3 channels as before, got 4'):
        seen.update(torch.rand(1, 4, 2, 2))
    with pytest.raises(ValueError, match='size'):
        heatmaps_to_boxes(torch.zeros(1, 2, 2), (0, 3))
