"""The overlap that chooses a report's pictures."""

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from sltnet_mm.report import sample_overlap


@pytest.fixture
def sample():
    """A bright left half, a predicted box over the whole image; the truth is the left half."""
    score_map = torch.zeros(8, 8)
    score_map[:, :4] = 1.0
    found = BaseDataElement(metainfo=dict(homography_matrix=np.eye(3), ori_shape=(8, 8), img_shape=(8, 8)))
    found.pred_score_map = score_map
    found.gt_instances = InstanceData(bboxes=torch.tensor([[0.0, 0.0, 4.0, 8.0], [7.0, 7.0, 8.0, 8.0]]))
    found.pred_instances = InstanceData(bboxes=torch.tensor([[0.0, 0.0, 8.0, 8.0]]))
    return found


def test_map_and_box_each_have_their_own_overlap_with_the_nearest_truth(sample):
    assert sample_overlap(sample, 'map') == pytest.approx(1.0)
    assert sample_overlap(sample, 'box') == pytest.approx(0.5)


def test_an_unknown_source_is_refused(sample):
    with pytest.raises(ValueError, match="source must be 'map' or 'box', got 'center'"):
        sample_overlap(sample, 'center')
