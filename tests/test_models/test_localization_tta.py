"""Merged views: known cases, and whole models whose answer must not depend on the order of the views."""

import copy

import cv2
import numpy as np
import pytest
import torch
from checkpoint_files import STEMS, config_of
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import BaseDataElement, InstanceData

from sltnet_mm.functional import to_score_map
from sltnet_mm.models import LocalizationTTA
from sltnet_mm.models.localization_tta import merge_views

WIDTH, HEIGHT, SIDE = 30, 20, 10
SCALE = np.diag([SIDE / WIDTH, SIDE / HEIGHT, 1.0])
MIRRORS = dict(
    horizontal=np.array([[-1.0, 0, SIDE], [0, 1, 0], [0, 0, 1]]),
    vertical=np.array([[1.0, 0, 0], [0, -1, SIDE], [0, 0, 1]]),
)
MIRRORS['diagonal'] = MIRRORS['horizontal'] @ MIRRORS['vertical']


def view_of(maps, box, direction=None, side=SIDE, scores=(0.1, 0.6, 0.3)):
    """A view as predict() leaves it: maps of the mirrored input, the box on the original."""
    matrix = np.diag([side / SIDE, side / SIDE, 1.0]) @ MIRRORS.get(direction, np.eye(3)) @ SCALE
    meta = dict(ori_shape=(HEIGHT, WIDTH), img_shape=(side, side), homography_matrix=matrix)
    view = BaseDataElement(metainfo=dict(meta, flip=direction is not None, flip_direction=direction))
    if direction in ('horizontal', 'diagonal'):
        maps = maps.flip(-1)
    if direction in ('vertical', 'diagonal'):
        maps = maps.flip(-2)
    view.pred_instances = InstanceData(bboxes=torch.tensor([box] * 2))
    view.pred_maps = BaseDataElement(top_k=maps, top_1=2 * maps)
    view.pred_score_map = to_score_map(maps[None], size=(side, side))[0]
    view.pred_score = torch.tensor(scores)
    return view


@pytest.mark.parametrize('direction', [None, 'horizontal', 'vertical', 'diagonal'])
@pytest.mark.parametrize('mirrored_first', [False, True])
def test_views_that_agree_stay_as_they_are(direction, mirrored_first):
    maps, box = torch.rand(5, 5), (3.0, 4.0, 15.0, 16.0)
    alone = view_of(maps, box)
    views = [view_of(maps, box), view_of(maps, box, direction)]
    merged = merge_views(views[::-1] if mirrored_first else views)
    assert not merged.flip
    torch.testing.assert_close(merged.pred_maps.top_k, maps)
    torch.testing.assert_close(merged.pred_maps.top_1, 2 * maps)
    torch.testing.assert_close(merged.pred_score_map, alone.pred_score_map)
    torch.testing.assert_close(merged.pred_instances.bboxes, torch.tensor([box, box]))
    assert merged.pred_label.tolist() == [1] and merged.pred_instances.labels.tolist() == [1, 2]
    torch.testing.assert_close(merged.pred_instances.scores, torch.tensor([0.6, 0.3]))


def test_views_that_differ_are_averaged():
    first, second = torch.rand(5, 5), torch.rand(5, 5)
    views = [
        view_of(first, (0.0, 0, 10, 10), scores=(0.2, 0.5, 0.3)),
        view_of(second, (4.0, 2, 20, 20), 'horizontal', scores=(0.8, 0.1, 0.1)),
    ]
    merged = merge_views(views)
    torch.testing.assert_close(merged.pred_maps.top_k, (first + second) / 2)
    torch.testing.assert_close(merged.pred_score_map, to_score_map((first + second)[None] / 2, size=(SIDE, SIDE))[0])
    torch.testing.assert_close(merged.pred_instances.bboxes, torch.tensor([[2.0, 1, 15, 15]] * 2))
    torch.testing.assert_close(merged.pred_score, torch.tensor([0.5, 0.3, 0.2]))
    assert merged.pred_label.tolist() == [0] and merged.pred_instances.labels.tolist() == [0, 1]


def test_scales_are_brought_to_the_first():
    ramp = torch.linspace(0, 1, 8).expand(8, 8)
    larger = torch.nn.functional.interpolate(ramp[None, None], size=16, mode='bilinear', align_corners=False)[0, 0]
    box = (3.0, 4.0, 15.0, 16.0)
    merged = merge_views([view_of(ramp, box), view_of(larger, box, 'horizontal', side=2 * SIDE)])
    torch.testing.assert_close(merged.pred_maps.top_k, ramp, atol=0.01, rtol=0)
    assert merged.pred_score_map.shape == (SIDE, SIDE)


def test_a_regressors_rows_keep_their_labels():
    views = []
    for direction in (None, 'horizontal'):
        full = view_of(torch.rand(5, 5), (0.0, 0, 4, 4), direction)
        view = BaseDataElement(metainfo=full.metainfo)
        view.pred_instances = InstanceData(
            bboxes=full.pred_instances.bboxes[:1], labels=torch.tensor([0]), scores=torch.tensor([1.0])
        )
        views.append(view)
    merged = merge_views(views)
    assert merged.pred_instances.labels.tolist() == [0] and merged.pred_instances.scores.tolist() == [1.0]
    torch.testing.assert_close(merged.pred_instances.bboxes, torch.tensor([[0.0, 0, 4, 4]]))


def test_views_that_cannot_be_merged():
    maps, box = torch.rand(5, 5), (3.0, 4.0, 15.0, 16.0)
    with pytest.raises(ValueError, match='all 2 views of an image are mirrored: .*flip_prob=0'):
        merge_views([view_of(maps, box, 'horizontal'), view_of(maps, box, 'horizontal')])
    shifted = view_of(maps, box)
    matrix = np.array([[1.0, 0, -2], [0, 1, 0], [0, 0, 1]]) @ shifted.homography_matrix
    shifted.set_metainfo(dict(homography_matrix=matrix))
    with pytest.raises(ValueError, match=r'show different parts .* \[0.0, 0.0, 30.0, 20.0\] and \[6.0, 0.0, 36.0'):
        merge_views([view_of(maps, box), shifted])


@pytest.mark.parametrize('kind', sorted(STEMS))
def test_every_role_under_its_configs_views(kind, tmp_path):
    cfg = config_of(kind)
    picture = np.random.default_rng(0).integers(0, 255, (48, 80, 3), dtype=np.uint8)
    paths = [str(tmp_path / name) for name in ('a.png', 'mirrored.png')]
    cv2.imwrite(paths[0], picture)
    cv2.imwrite(paths[1], picture[:, ::-1])
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        torch.manual_seed(0)
        model = MODELS.build(copy.deepcopy(cfg.model))
        tta = MODELS.build(dict(cfg.tta_model, module=model)).eval()
        pipeline = Compose(cfg.tta_pipeline)
    assert isinstance(tta, LocalizationTTA)
    with torch.no_grad():
        batch = pseudo_collate([pipeline(dict(img_path=path, gt_label=3)) for path in paths])
        one, other = tta.test_step(batch)
    # Both images show the model the same two views, so the answers are mirror images of one another.
    if kind != 'regressor':
        torch.testing.assert_close(one.pred_score, other.pred_score)
        assert one.pred_score.sum() == pytest.approx(1, abs=1e-5)
    if 'pred_maps' in one:
        for name in ('top_k', 'top_1', 'label'):
            torch.testing.assert_close(one.pred_maps.get(name), other.pred_maps.get(name).flip(-1))
        torch.testing.assert_close(one.pred_score_map, other.pred_score_map.flip(-1), atol=1e-4, rtol=0)
    if 'pred_instances' in one:
        x1, y1, x2, y2 = one.pred_instances.bboxes[0].tolist()
        assert other.pred_instances.bboxes[0].tolist() == pytest.approx([80 - x2, y1, 80 - x1, y2], abs=1e-3)
