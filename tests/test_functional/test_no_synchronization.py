"""Nothing reads a value back from the device: the meta device has none, so each try raises; CUDA tells on request."""

import pytest
import torch

from sltnet_mm import functional

DEVICES = ['meta', *(['cuda'] if torch.cuda.is_available() else [])]
VIEW = functional.Compose([functional.ColorJitter(), functional.HorizontalFlip(), functional.Scale((0.5, 0.875))])

CALLS = {
    'class_maps': lambda t: functional.class_maps(t.maps, t.logits),
    'average_top_k_maps': lambda t: functional.average_top_k_maps(t.maps, t.logits, 3),
    'to_score_map': lambda t: functional.to_score_map(t.maps[:, 0], (32, 24)),
    'in_top_k': lambda t: functional.in_top_k(t.logits, t.labels, 2),
    'smt_loss': lambda t: functional.smt_loss(t.logits, t.labels, 2, 0.4),
    'tolerant_losses': lambda t: functional.tolerant_losses(t.logits, t.labels, 2, 0.4, -1)[1],
    'soft tolerant_losses': lambda t: functional.tolerant_losses(t.logits, t.logits, 2, 0.4, -1)[1],
    'draw and apply': lambda t: VIEW.apply(t.images, VIEW.draw(t.images)),
    'draw by a CPU generator': lambda t: VIEW.apply(t.images, VIEW.draw(t.images, torch.Generator().manual_seed(0))),
    'invert': lambda t: VIEW.invert(t.maps, VIEW.draw(t.images), (9, 8)),
    'vst_loss': lambda t: functional.vst_loss(t.maps, t.maps),
    **{
        how: lambda t, how=how: functional.normalize_maps(t.maps, how, t.maps)
        for how in ('none', 'class_minmax', 'batch_std', 'standardize')
    },
    'score_map_to_box': lambda t: functional.score_map_to_box(t.maps[:, 0]),
    'box_iou': lambda t: functional.box_iou(t.boxes, t.boxes),
    'transform_boxes': lambda t: functional.transform_boxes(t.boxes, t.matrix),
    'clip_boxes': lambda t: functional.clip_boxes(t.boxes, (3, 4)),
    'boxes_to_unit': lambda t: functional.boxes_to_unit(t.boxes, (3, 4)),
    'unit_to_boxes': lambda t: functional.unit_to_boxes(t.boxes, (3, 4)),
    'boxes_to_regression': lambda t: functional.boxes_to_regression(t.boxes, 16),
    'regression_loss': lambda t: functional.regression_loss(t.boxes, t.boxes, t.logits[0, :5]),
    'hide_patches': lambda t: functional.hide_patches(t.images, 8, 0.5),
    'attention_drop_mask': lambda t: functional.attention_drop_mask(t.maps, 0.8),
    'attention_importance': lambda t: functional.attention_importance(t.maps),
    'erase': lambda t: functional.erase(t.maps, t.maps[:, 0], 0.7),
    'thresholded_average_pool': lambda t: functional.thresholded_average_pool(t.maps),
    'percentile_threshold': lambda t: functional.percentile_threshold(t.maps[:, 0]),
    **{
        rule: lambda t, rule=rule: functional.score_map_to_box(t.maps[:, 0], 0.0, rule)
        for rule in ('percentile', 'ivr', 'otsu')
    },
    'divergence_loss': lambda t: functional.divergence_loss(t.maps),
    'ternary_targets': lambda t: functional.ternary_targets(t.maps, 0.1, 0.7),
    'ellipse_mask': lambda t: functional.ellipse_mask(t.logits, (9, 8)),
    'ellipse_boxes': lambda t: functional.ellipse_boxes(t.logits),
    **{
        name: lambda t, name=name: getattr(functional, name)(t.maps, t.maps)
        for name in ('grad_cam', 'grad_cam_plus_plus', 'layer_cam', 'bag_cams')
    },
    'input_saliency': lambda t: functional.input_saliency(t.images),
}


class Tensors:
    """One batch of five images on a device."""

    def __init__(self, device):
        self.maps = torch.zeros(5, 5, 7, 6, device=device)
        self.logits = torch.zeros(5, 5, device=device)
        self.labels = torch.zeros(5, dtype=torch.int64, device=device)
        self.boxes = torch.zeros(5, 4, device=device)
        self.images = torch.zeros(5, 3, 32, 24, device=device)
        self.matrix = torch.zeros(3, 3, device=device)


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('name', CALLS)
def test_no_value_is_read(name, device):
    tensors = Tensors(device)
    if device == 'cuda':
        torch.cuda.set_sync_debug_mode('error')
    try:
        result = CALLS[name](tensors)
    finally:
        if device == 'cuda':
            torch.cuda.set_sync_debug_mode('default')
    assert result.device.type == device


def test_the_meta_device_would_tell():
    with pytest.raises((RuntimeError, NotImplementedError)):
        bool(Tensors('meta').maps.max() > 0)


@pytest.mark.parametrize('device', ['cpu', *DEVICES[1:]])
def test_boxes_are_the_same_on_every_device(device):
    maps = torch.rand(64, 15, 22, generator=torch.Generator().manual_seed(0))
    for threshold in (0.3, 0.6, 0.8):
        expected = functional.score_map_to_box(maps, threshold)
        assert torch.equal(functional.score_map_to_box(maps.to(device), threshold).cpu(), expected)


def test_a_generator_of_another_device_is_refused_where_the_host_must_draw():

    class OtherDevice:
        device = torch.device('cuda')

    images = Tensors('meta').images
    with pytest.raises(ValueError, match='generator must be on the CPU'):
        functional.Scale((0.5, 0.875)).draw(images, OtherDevice())
    assert functional.Scale((0.5,)).draw(images, OtherDevice()) == 0.5
