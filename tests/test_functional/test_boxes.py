import numpy as np
import pytest
import torch

from sltnet_mm.functional import (
    box_iou,
    boxes_to_unit,
    clip_boxes,
    foreground_mask,
    score_map_to_box,
    to_score_map,
    transform_boxes,
    unit_to_boxes,
)


def random_boxes(count, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    corners = 100 * torch.rand(count, 2, 2, generator=generator, dtype=dtype) - 20
    return torch.cat([corners.amin(1), corners.amax(1)], 1)


def test_score_map_to_box_of_a_rectangle():
    score_map = torch.zeros(10, 14)
    score_map[2:5, 3:9] = 0.7
    assert score_map_to_box(score_map).tolist() == [3, 2, 9, 5]
    assert score_map_to_box(score_map).dtype == torch.float32


def test_box_is_that_of_the_most_pixels_not_of_the_highest_score():
    score_map = torch.zeros(10, 10)
    score_map[0, 0] = 1.0
    score_map[5:8, 5:8] = 0.3
    assert score_map_to_box(score_map).tolist() == [5, 5, 8, 8]
    assert score_map_to_box(score_map, threshold=0.4).tolist() == [0, 0, 1, 1]


def test_threshold_is_strict_and_relative_to_the_maximum_of_each_map():
    score_map = torch.tensor([[0.0, 1.0, 2.0, 4.0]])
    assert score_map_to_box(score_map, 0.25).tolist() == [2, 0, 4, 1]  # 1 is not above 0.25 * 4
    assert score_map_to_box(score_map, 0.24).tolist() == [1, 0, 4, 1]
    assert score_map_to_box(score_map, 0).tolist() == [1, 0, 4, 1]
    maps = torch.stack([score_map, score_map / 1000, score_map * 50])
    assert score_map_to_box(maps, 0.3).tolist() == [[2, 0, 4, 1]] * 3


def test_no_foreground_gives_the_whole_map():
    for value in (0.0, -1.0):
        assert score_map_to_box(torch.full((3, 5), value)).tolist() == [0, 0, 5, 3]
    assert not foreground_mask(torch.tensor([[-3.0, -1.0]])).any()
    mixed = torch.tensor([[-5.0, 1.0, -0.1, 0.9]])
    assert score_map_to_box(mixed).tolist() == [1, 0, 2, 1]


def test_single_map_is_row_of_a_batch():
    maps = torch.rand(6, 9, 13, generator=torch.Generator().manual_seed(0))
    boxes = score_map_to_box(maps, 0.6)
    assert boxes.shape == (6, 4)
    for score_map, box in zip(maps, boxes, strict=True):
        assert torch.equal(score_map_to_box(score_map, 0.6), box)
    assert score_map_to_box(maps[:0]).shape == (0, 4)


def test_box_of_a_score_map_does_not_depend_on_offset_and_scale_of_the_raw_map():
    maps = torch.randn(4, 14, 14, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first = score_map_to_box(to_score_map(maps, (56, 70)))
    assert torch.equal(score_map_to_box(to_score_map(5 * maps - 40, (56, 70))), first)


def test_mirrored_map_gives_the_mirrored_box():
    maps = to_score_map(torch.randn(20, 5, 7, generator=torch.Generator().manual_seed(1)), (20, 28))
    x1, y1, x2, y2 = score_map_to_box(maps, 0.5).unbind(1)
    mirrored = score_map_to_box(maps.flip(-1), 0.5)
    assert torch.equal(mirrored, torch.stack([28 - x2, y1, 28 - x1, y2], 1))


def test_maps_that_are_not_finite_give_nan_and_leave_the_others_alone():
    maps = torch.rand(4, 6, 6)
    maps[1, 0, 0], maps[2, 3, 3], maps[3, 5, 5] = torch.nan, torch.inf, -torch.inf
    boxes = score_map_to_box(maps)
    assert boxes.isnan().all(1).tolist() == [False, True, True, True]
    assert torch.equal(boxes[0], score_map_to_box(maps[0]))
    assert score_map_to_box(maps[1]).isnan().all()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_boxes_are_float32_for_maps_of_any_precision(dtype):
    maps = torch.rand(3, 300, 8, generator=torch.Generator().manual_seed(2)).to(dtype)
    boxes = score_map_to_box(maps, 0.55)
    assert boxes.dtype == torch.float32  # bfloat16 could not hold 300
    assert torch.equal(boxes, score_map_to_box(maps.double().float(), 0.55))


def test_threshold_of_half_precision_maps_is_not_rounded_to_half_precision():
    score_map = torch.tensor([[1.0, 0.2]]).bfloat16()  # 0.2002 in bfloat16, and so would the threshold be
    assert score_map_to_box(score_map, 0.2).tolist() == [0, 0, 2, 1]


def test_no_gradient_passes_through_a_box():
    assert not score_map_to_box(torch.rand(2, 4, 4, requires_grad=True)).requires_grad


def test_score_map_to_box_refuses():
    for threshold in (1, 1.0, -0.1, float('nan')):
        with pytest.raises(ValueError, match='threshold'):
            score_map_to_box(torch.rand(4, 4), threshold)
    with pytest.raises(ValueError, match='HxW or BxHxW'):
        score_map_to_box(torch.rand(1, 1, 4, 4))
    with pytest.raises(ValueError, match='at least one pixel'):
        score_map_to_box(torch.rand(2, 0, 4))
    with pytest.raises(TypeError, match='floating'):
        score_map_to_box(torch.ones(4, 4, dtype=torch.uint8))


def test_iou_against_counted_pixels():
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 9, (40, 2, 2), generator=generator)
    boxes = torch.cat([corners.amin(1), corners.amax(1)], 1)

    def pixels(box):
        x1, y1, x2, y2 = box.tolist()
        return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}

    expected = [
        [
            len(pixels(a) & pixels(b)) / max(len(pixels(a) | pixels(b)), 1) if pixels(a) and pixels(b) else 0.0
            for b in boxes
        ]
        for a in boxes[:25]
    ]
    torch.testing.assert_close(box_iou(boxes[:25].float(), boxes.float()), torch.tensor(expected))
    torch.testing.assert_close(box_iou(boxes[:25], boxes), torch.tensor(expected))  # whole numbers too


def test_iou_has_no_plus_one():
    a, b = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.0, 0, 2, 1]])
    assert box_iou(a, b).item() == 0.5
    assert box_iou(a, torch.tensor([[2.0, 0, 4, 2]])).item() == 0  # neighbors share no pixel


def test_iou_of_degenerate_boxes_is_zero_also_with_themselves():
    boxes = torch.tensor([[1.0, 1, 1, 1], [2, 2, 1, 1], [3, 0, 0, 3], [0, 0, 0, 5], [0, 0, 4, 4]])
    iou = box_iou(boxes, boxes)
    assert iou[4, 4] == 1
    assert iou.sum() == 1


def test_iou_dtypes_empty_inputs_and_nan():
    boxes = random_boxes(5)
    assert box_iou(boxes, boxes[:0]).shape == (5, 0)
    assert box_iou(boxes[:0], boxes).shape == (0, 5)
    assert box_iou(boxes.half(), boxes.half()).dtype == torch.float32
    assert box_iou(boxes.double(), boxes.double()).dtype == torch.float64
    large = torch.tensor([[0.0, 0, 400, 400]]).half()  # area 160000 overflows float16
    assert box_iou(large, large).item() == 1
    boxes[2, 1] = torch.nan
    assert box_iou(boxes, random_boxes(3, seed=1)).isnan().all(1).tolist() == [False, False, True, False, False]


def homographies():
    crop = [[1, 0, -13], [0, 1, -7], [0, 0, 1]]
    resize = [[224 / 333, 0, 0], [0, 224 / 251, 0], [0, 0, 1]]
    flip = [[-1, 0, 224], [0, 1, 0], [0, 0, 1]]
    matrices = [np.array(m, dtype=np.float64) for m in (crop, resize, flip)]
    return [*matrices, matrices[2] @ matrices[0] @ matrices[1], np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 2]])]


@pytest.mark.parametrize('index', range(5))
def test_transform_moves_the_corners(index):
    matrix = homographies()[index]
    boxes = random_boxes(20, dtype=torch.float64)
    expected = []
    for x1, y1, x2, y2 in boxes.tolist():
        points = np.array([[x, y, 1] for x in (x1, x2) for y in (y1, y2)]) @ matrix.T
        points = points[:, :2] / points[:, 2:]
        expected.append([*points.min(0), *points.max(0)])
    moved = transform_boxes(boxes, torch.from_numpy(matrix))
    torch.testing.assert_close(moved, torch.tensor(expected, dtype=torch.float64))
    torch.testing.assert_close(transform_boxes(moved, np.linalg.inv(matrix)), boxes)


def test_transform_of_a_projective_matrix_divides():
    matrix = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0.01, 0, 1]])
    moved = transform_boxes(torch.tensor([[0.0, 0, 100, 10]]), matrix)
    assert moved.tolist() == [[0, 0, 50, 10]]


def test_transform_takes_a_matrix_a_box():
    matrices = torch.from_numpy(np.stack(homographies()))
    boxes = random_boxes(5, dtype=torch.float64)
    each = torch.cat([transform_boxes(box[None], matrix) for box, matrix in zip(boxes, matrices, strict=True)])
    torch.testing.assert_close(transform_boxes(boxes, matrices), each)


def test_transform_keeps_frames_and_precision():
    boxes = random_boxes(4)
    assert torch.equal(transform_boxes(boxes, torch.eye(3)), boxes)
    assert transform_boxes(boxes[:0], torch.eye(3)).shape == (0, 4)
    assert transform_boxes(boxes.half(), torch.eye(3)).dtype == torch.float32
    with torch.autocast('cpu', torch.bfloat16):
        far = transform_boxes(torch.tensor([[1001.0, 1, 1003, 3]]), torch.eye(3))
    assert far.tolist() == [[1001, 1, 1003, 3]]
    boxes[1, 0] = torch.nan
    assert transform_boxes(boxes, torch.eye(3)).isnan().any(1).tolist() == [False, True, False, False]
    for wrong in (torch.eye(4), torch.eye(3).expand(3, 3, 3), torch.eye(3)[:2]):
        with pytest.raises(ValueError, match='matrix must have shape 3x3 or 4x3x3'):
            transform_boxes(boxes, wrong)


def test_clip():
    boxes = torch.tensor([[-5.0, -5, 50, 50], [3, 4, 5, 6], [30, -9, 40, -3]])
    assert clip_boxes(boxes, (10, 20)).tolist() == [[0, 0, 20, 10], [3, 4, 5, 6], [20, 0, 20, 0]]
    assert clip_boxes(boxes[:0], (10, 20)).shape == (0, 4)
    with pytest.raises(ValueError, match='size'):
        clip_boxes(boxes, (0, 20))


def test_unit_boxes_round_trip_and_survive_a_resize():
    boxes = random_boxes(30)
    assert boxes_to_unit(torch.tensor([[0, 0, 333, 251]]), (251, 333)).tolist() == [[0, 0, 1, 1]]
    for size in [(251, 333), (7, 5), (224, 224)]:
        torch.testing.assert_close(unit_to_boxes(boxes_to_unit(boxes, size), size), boxes)
    resized = unit_to_boxes(boxes_to_unit(boxes, (100, 50)), (200, 200))
    torch.testing.assert_close(resized, boxes * torch.tensor([4.0, 2, 4, 2]))
    assert boxes_to_unit(boxes.half(), (9, 9)).dtype == torch.float32
    assert boxes_to_unit(boxes[:0], (9, 9)).shape == (0, 4)


def test_box_functions_refuse_other_shapes():
    wrong = torch.zeros(3, 5)
    for call in (
        lambda: box_iou(wrong, wrong),
        lambda: transform_boxes(wrong, torch.eye(3)),
        lambda: clip_boxes(wrong, (3, 3)),
        lambda: boxes_to_unit(wrong, (3, 3)),
        lambda: unit_to_boxes(torch.zeros(4), (3, 3)),
    ):
        with pytest.raises(ValueError, match='must have shape nx4'):
            call()
    with pytest.raises(TypeError, match='torch.Tensor'):
        box_iou(np.zeros((1, 4)), torch.zeros(1, 4))
