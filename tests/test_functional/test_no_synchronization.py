"""Nothing reads a value back from the device: on the meta device there is none, and each attempt raises."""
import pytest
import torch

from sltnet_mm import functional

MAPS = torch.zeros(2, 5, 7, 6, device='meta')
LOGITS = torch.zeros(2, 5, device='meta')
LABELS = torch.zeros(2, dtype=torch.int64, device='meta')
BOXES = torch.zeros(2, 4, device='meta')
IMAGES = torch.zeros(2, 3, 32, 24, device='meta')
VIEW = functional.Compose([functional.ColorJitter(), functional.HorizontalFlip(), functional.Scale((0.5, 0.875))])

CALLS = {
    'class_maps': lambda: functional.class_maps(MAPS, LOGITS.expand(2, 5)),
    'average_top_k_maps': lambda: functional.average_top_k_maps(MAPS, LOGITS, 3),
    'to_score_map': lambda: functional.to_score_map(MAPS[:, 0], (32, 24)),
    'in_top_k': lambda: functional.in_top_k(LOGITS, LABELS, 2),
    'smt_loss': lambda: functional.smt_loss(LOGITS, LABELS, 2, 0.4),
    'draw and apply': lambda: VIEW.apply(IMAGES, VIEW.draw(IMAGES)),
    'draw by a CPU generator': lambda: VIEW.apply(IMAGES, VIEW.draw(IMAGES, torch.Generator().manual_seed(0))),
    'invert': lambda: VIEW.invert(MAPS, VIEW.draw(IMAGES), (9, 8)),
    'vst_loss': lambda: functional.vst_loss(MAPS, MAPS),
    **{how: lambda how=how: functional.normalize_maps(MAPS, how, MAPS)
       for how in ('none', 'class_minmax', 'batch_std', 'standardize')},
    'score_map_to_box': lambda: functional.score_map_to_box(MAPS[:, 0]),
    'box_iou': lambda: functional.box_iou(BOXES, BOXES),
    'transform_boxes': lambda: functional.transform_boxes(BOXES, torch.zeros(3, 3, device='meta')),
    'clip_boxes': lambda: functional.clip_boxes(BOXES, (3, 4)),
    'boxes_to_unit': lambda: functional.boxes_to_unit(BOXES, (3, 4)),
    'unit_to_boxes': lambda: functional.unit_to_boxes(BOXES, (3, 4)),
    'boxes_to_regression': lambda: functional.boxes_to_regression(BOXES, 16),
    'regression_loss': lambda: functional.regression_loss(BOXES, BOXES, torch.zeros(2, device='meta')),
}


@pytest.mark.parametrize('name', CALLS)
def test_no_value_is_read(name):
    assert CALLS[name]().device.type == 'meta'


def test_the_meta_device_would_tell():
    with pytest.raises((RuntimeError, NotImplementedError)):
        bool(MAPS.max() > 0)


def test_a_generator_of_another_device_is_refused_where_the_host_must_draw():

    class OtherDevice:
        device = torch.device('cuda')

    with pytest.raises(ValueError, match='generator must be on the CPU'):
        functional.Scale((0.5, 0.875)).draw(IMAGES, OtherDevice())
    assert functional.Scale((0.5, )).draw(IMAGES, OtherDevice()) == 0.5
