"""Scores of boxes: known maps, and the same box and score from the inferencer and the box file."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from checkpoint_files import write_checkpoints
from mmengine.config import Config
from mmengine.structures import BaseDataElement

import sltnet_mm
from sltnet_mm.functional import box_iou
from sltnet_mm.models.box_source import BoxChoice
from sltnet_mm.pseudo_boxes.box_scores import THRESHOLDS, box_scores, matched_iou
from sltnet_mm.pseudo_boxes.from_localizer import export_pseudo_boxes
from sltnet_mm.structures.frames import boxes_of_samples


def pyramid_sample():
    """Steps of 0.12 to 1.0: the box above t shrinks with t. The original is twice as large as the map."""
    sample = BaseDataElement(metainfo=dict(homography_matrix=np.diag([0.5, 0.5, 1]), ori_shape=(20, 20)))
    sample.pred_score_map = torch.zeros(10, 10)
    sample.pred_score_map[0:8, 0:8] = 0.12
    sample.pred_score_map[0:4, 0:4] = 0.27
    sample.pred_score_map[0:2, 0:2] = 1.0
    return sample


def test_the_score_is_the_mean_overlap_with_the_boxes_of_all_thresholds():
    assert THRESHOLDS == (0.1, 0.15, 0.2, 0.25, 0.3)
    (score,) = box_scores([pyramid_sample()], torch.tensor([[0.0, 0, 8, 8]])).tolist()
    # Above 0.1: 16 x 16 pixels, above 0.15, 0.2 and 0.25: 8 x 8, above 0.3: 4 x 4.
    assert score == pytest.approx((64 / 256 + 1 + 1 + 1 + 16 / 64) / 5)
    assert box_scores([BaseDataElement()], torch.zeros(1, 4)) is None
    with pytest.raises(ValueError, match='got 2 boxes for 1 samples'):
        box_scores([pyramid_sample()], torch.zeros(2, 4))


def test_scores_are_those_of_one_image_at_a_time():
    torch.manual_seed(0)
    samples, boxes = [], 60 * torch.rand(150, 2)
    boxes = torch.cat([boxes, boxes + 10], dim=1)
    for i in range(len(boxes)):
        meta = dict(homography_matrix=np.diag([0.2, 0.2, 1]), ori_shape=(70 + i, 70))
        samples.append(BaseDataElement(metainfo=meta))
        samples[-1].pred_score_map = F.interpolate(torch.rand(1, 1, 4, 4), (16, 16), mode='bilinear')[0, 0]
    scores = box_scores(samples, boxes)
    for sample, box, score in zip(samples, boxes, scores, strict=True):
        found = [boxes_of_samples([sample], threshold).boxes for threshold in THRESHOLDS]
        expected = sum(box_iou(box[None], other).item() for other in found) / len(THRESHOLDS)
        assert score.item() == pytest.approx(expected, abs=1e-6)
    assert matched_iou(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0,)


@pytest.mark.parametrize('choice', ['localizer', 'regressor'])
def test_inferencer_and_box_file_give_the_same_box_and_say_whose(tmp_path, choice):
    config, checkpoint = write_checkpoints(tmp_path)['slt_net']
    weights = torch.load(checkpoint, weights_only=False)
    BoxChoice(choice, 'this test says so').write(weights)
    torch.save(weights, checkpoint)
    cfg = Config.fromfile(config)
    assert cfg.model.test_cfg.box_from == 'auto'
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.dataset.num_images = 12
    boxes = export_pseudo_boxes(cfg, checkpoint, 'test')
    assert boxes['info']['source'] == choice
    images = [image['file_name'] for image in boxes['images']]
    found = sltnet_mm.SLTInferencer(cfg, checkpoint, device='cpu', show_progress=False)(images)
    assert {result.box_from for result in found} == {choice} and len(boxes['annotations']) == 12
    for result, annotation in zip(found, boxes['annotations'], strict=True):
        x, y, w, h = annotation['bbox']
        assert result.box == pytest.approx((x, y, x + w, y + h), abs=0.01)
        assert annotation['score'] == pytest.approx(result.score, abs=1e-4)
        assert result.to_dict()['box_from'] == choice and 0 <= result.score <= 1
    other = {'localizer': 'regressor', 'regressor': 'localizer'}[choice]
    assert export_pseudo_boxes(cfg, checkpoint, 'test', box_from=other)['info']['source'] == other
    asked = sltnet_mm.SLTInferencer(cfg, checkpoint, device='cpu', box_from=other)(images[:1])[0]
    assert asked.box_from == other and asked.box != found[0].box


def test_bad_sources_are_named(tmp_path):
    made = write_checkpoints(tmp_path)
    with pytest.raises(ValueError, match=r"box_from must be one of .*got 'both'"):
        sltnet_mm.SLTInferencer(*made['slt_net'], box_from='both')
    with pytest.raises(ValueError, match="box_from='regressor' has no effect: only an SLT-Net has two parts"):
        sltnet_mm.SLTInferencer(*made['localizer'], box_from='regressor')
    with pytest.raises(ValueError, match="box_from='regressor' needs an SLT-Net"):
        export_pseudo_boxes(Config.fromfile(made['localizer'][0]), made['localizer'][1], box_from='regressor')
    with pytest.raises(ValueError, match='threshold=0.3 has no effect'):
        export_pseudo_boxes(
            Config.fromfile(made['slt_net'][0]), made['slt_net'][1], threshold=0.3, box_from='regressor'
        )
