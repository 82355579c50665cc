"""A flipped network input gives the box of the unflipped original, whoever makes it: one asymmetric map, every way."""

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from sltnet_mm.evaluation import LocalizationMetric
from sltnet_mm.evaluation.image_frame import ImageFrame
from sltnet_mm.evaluation.samples import EvaluatedImage
from sltnet_mm.hooks.iou_history_hook import IoUHistoryHook
from sltnet_mm.inferencer.inferencer import SLTInferencer
from sltnet_mm.pseudo_boxes.from_localizer import _records
from sltnet_mm.structures.frames import boxes_of_samples
from sltnet_mm.visualization import PREDICTED_COLOR, LocalizationVisualizer

SIDE, HEIGHT, WIDTH = 16, 32, 64
BOX = [8.0, 4.0, 24.0, 18.0]  # of the original: columns 2 to 5 and rows 2 to 8 of a straight input
FLIPS = dict(
    none=np.eye(3),
    horizontal=np.array([[-1.0, 0, SIDE], [0, 1, 0], [0, 0, 1]]),
    vertical=np.array([[1.0, 0, 0], [0, -1, SIDE], [0, 0, 1]]),
)
FLIPS['diagonal'] = FLIPS['horizontal'] @ FLIPS['vertical']


def prediction(direction):
    """What a localizer predicts on a flipped view of one image."""
    score_map = torch.zeros(SIDE, SIDE)
    score_map[2:9, 2:6] = 1
    axes = dict(none=(), horizontal=(1,), vertical=(0,), diagonal=(0, 1))[direction]
    meta = dict(
        img_id='a',
        img_path='a.png',
        ori_shape=(HEIGHT, WIDTH),
        img_shape=(SIDE, SIDE),
        flip=direction != 'none',
        flip_direction=None if direction == 'none' else direction,
        homography_matrix=FLIPS[direction] @ np.diag([SIDE / WIDTH, SIDE / HEIGHT, 1.0]),
    )
    sample = BaseDataElement(metainfo=meta)
    sample.pred_score_map = score_map.flip(axes) if axes else score_map
    sample.pred_score = torch.tensor([0.25, 0.75])
    sample.gt_label = torch.tensor([1])
    sample.gt_instances = InstanceData(bboxes=torch.tensor([BOX]), labels=torch.tensor([1]))
    return sample


def by_metric(sample):
    metric = LocalizationMetric(sources='map')
    metric.process({}, [dict(sample.metainfo, **sample.to_dict())])
    assert metric.evaluate(size=1)['map/sltnet/mean_iou'] == pytest.approx(100)
    image = EvaluatedImage('a', 1, 0, 1, np.array([BOX]), np.array([1]), (WIDTH, HEIGHT))
    rows, columns = np.nonzero(sample.pred_score_map.numpy())
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])
    return ImageFrame(image, sample.homography_matrix, (SIDE, SIDE)).to_image(box)[0].tolist()


def by_inferencer(sample):
    inferencer = SLTInferencer.__new__(SLTInferencer)
    inferencer.threshold, inferencer.classes = 0.2, None
    inferencer._complete(sample)
    (result,) = inferencer.postprocess([sample], [])
    rows, columns = np.nonzero(result.score_map > 0.9)  # box and score map agree
    assert BOX[0] < (columns.min() + columns.max()) / 2 < BOX[2] and BOX[1] < (rows.min() + rows.max()) / 2 < BOX[3]
    return list(result.box)


def by_export(sample):
    (record,) = _records([0], [sample], '', 0.2, torch.nn.Identity())
    return list(record.box)


def by_hook(sample):
    row = IoUHistoryHook()._row(sample)
    assert row['iou_map'] == pytest.approx(1)
    return row['box_map'].tolist()


def by_visualizer(sample):
    visualizer = LocalizationVisualizer(min_side=HEIGHT)
    picture = visualizer.draw(np.zeros((HEIGHT, WIDTH, 3), np.uint8), sample, draw_gt=False)[:HEIGHT, WIDTH:]
    rows, columns = np.nonzero((picture == np.array(PREDICTED_COLOR)).all(2))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def by_samples(sample):
    return boxes_of_samples([sample]).boxes[0].tolist()


WAYS = [by_metric, by_inferencer, by_export, by_hook, by_visualizer, by_samples]


@pytest.mark.parametrize('way', WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize('direction', sorted(FLIPS))
def test_every_way_undoes_the_flip(direction, way):
    assert way(prediction(direction)) == pytest.approx(BOX, abs=1 if way is by_visualizer else 1e-4)
