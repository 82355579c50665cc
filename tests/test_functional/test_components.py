import warnings

import pytest
import torch

from sltnet_mm.functional import largest_component_boxes
from sltnet_mm.functional.components import _boxes_by_hooking, _component_labels


def flood_fill_box(mask):
    """The obvious way: fill components one after another in raster order, keep the first of the largest."""
    rows = mask.tolist()
    height, width = mask.shape
    best, box = 0, [0, 0, width, height]
    for y in range(height):
        for x in range(width):
            if not rows[y][x]:
                continue
            rows[y][x] = False
            stack, component = [(y, x)], []
            while stack:
                v, u = stack.pop()
                component.append((v, u))
                for dv in (-1, 0, 1):
                    for du in (-1, 0, 1):
                        if 0 <= v + dv < height and 0 <= u + du < width and rows[v + dv][u + du]:
                            rows[v + dv][u + du] = False
                            stack.append((v + dv, u + du))
            if len(component) > best:
                best = len(component)
                ys, xs = zip(*component, strict=True)
                box = [min(xs), min(ys), max(xs) + 1, max(ys) + 1]
    return box


def both_forms(masks):
    boxes = largest_component_boxes(masks)
    assert torch.equal(_boxes_by_hooking(masks), boxes)
    return boxes


def spiral(size):
    """One path of single pixels wound inwards, with one pixel between the turns."""
    mask = torch.zeros(size, size, dtype=torch.bool)
    y, x, dy, dx = 0, 0, 0, 1
    mask[0, 0] = True
    turns = 0
    while turns < 2:
        ny, nx = y + dy, x + dx
        after_y, after_x = ny + dy, nx + dx
        free = 0 <= ny < size and 0 <= nx < size and not mask[ny, nx]
        if free and not (0 <= after_y < size and 0 <= after_x < size and mask[after_y, after_x]):
            y, x, turns = ny, nx, 0
            mask[y, x] = True
        else:
            dy, dx, turns = dx, -dy, turns + 1
    return mask


def serpentine(size):
    mask = torch.zeros(size, size, dtype=torch.bool)
    mask[::2] = True
    mask[1::4, -1] = True
    mask[3::4, 0] = True
    return mask


def maze(size, seed):
    """A random spanning tree of a grid: long winding corridors that are connected through single cells."""
    generator = torch.Generator().manual_seed(seed)
    cells = size // 2
    mask = torch.zeros(size, size, dtype=torch.bool)
    seen, stack = {(0, 0)}, [(0, 0)]
    mask[0, 0] = True
    while stack:
        y, x = stack[-1]
        ways = [
            (y + dy, x + dx)
            for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if 0 <= y + dy < cells and 0 <= x + dx < cells and (y + dy, x + dx) not in seen
        ]
        if not ways:
            stack.pop()
            continue
        v, u = ways[int(torch.randint(len(ways), (), generator=generator))]
        seen.add((v, u))
        mask[2 * v, 2 * u] = mask[y + v, x + u] = True
        stack.append((v, u))
    return mask


def structured_masks(size):
    grid_y, grid_x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    checker = (grid_y + grid_x) % 2 == 0
    comb = grid_x % 2 == 0
    rings = torch.stack([grid_y, grid_x, size - 1 - grid_y, size - 1 - grid_x]).amin(0) % 2 == 0
    percolation = [torch.rand(size, size, generator=torch.Generator().manual_seed(s)) < 0.407 for s in range(4)]
    return {
        'empty': torch.zeros(size, size).bool(),
        'full': torch.ones(size, size).bool(),
        'checkerboard': checker,
        'columns': comb,
        'rows': comb.T,
        'comb down': comb | (grid_y == 0),
        'comb up': comb | (grid_y == size - 1),
        'comb left': comb.T | (grid_x == 0),
        'comb right': comb.T | (grid_x == size - 1),
        'rings': rings,
        'dots': (grid_x % 2 + grid_y % 2) == 0,
        'diagonal': grid_x == grid_y,
        'other diagonal': grid_x + grid_y == size - 1,
        'zigzag': (grid_x + (grid_y % 2)) % 4 == 0,
        'vee': (grid_x - size // 2).abs() == grid_y,
        'spiral': spiral(size),
        'mirrored spiral': spiral(size).flip(1),
        'serpentine': serpentine(size),
        'turned serpentine': serpentine(size).T,
        'cut serpentine': serpentine(size) & (grid_x != size // 2),
        **{f'maze {s}': maze(size, s) for s in range(3)},
        **{f'percolation {s}': m for s, m in enumerate(percolation)},
    }


@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3), (2, 7), (5, 4), (7, 8), (14, 11)])
def test_random_masks_against_flood_fill(shape):
    generator = torch.Generator().manual_seed(0)
    density = torch.rand(400, 1, 1, generator=generator)
    masks = torch.rand(400, *shape, generator=generator) < density
    expected = torch.tensor([flood_fill_box(mask) for mask in masks], dtype=torch.float32)
    assert torch.equal(both_forms(masks), expected)


def test_all_masks_of_three_by_four():
    bits = torch.arange(2**12)[:, None] >> torch.arange(12) & 1
    masks = bits.view(-1, 3, 4).bool()
    expected = torch.tensor([flood_fill_box(mask) for mask in masks], dtype=torch.float32)
    assert torch.equal(both_forms(masks), expected)


@pytest.mark.parametrize('size', [12, 31])
def test_structured_masks_against_flood_fill(size):
    named = structured_masks(size)
    for name, mask in named.items():
        for view in (mask, mask.flip(0), mask.flip(1), mask.T):
            assert both_forms(view[None])[0].tolist() == flood_fill_box(view), name
    assert torch.equal(
        both_forms(torch.stack(list(named.values()))), torch.cat([both_forms(mask[None]) for mask in named.values()])
    )


def test_masks_of_network_input_size_are_the_same_in_both_forms():
    masks = torch.stack(list(structured_masks(224).values()))
    both_forms(masks[::3])


def test_connected_masks_get_one_label():
    # The rounds and jumps are bounded, not run to a fixpoint: winding paths are what a bound too low would cut.
    for size in (15, 32, 64):
        for mask in (spiral(size), serpentine(size), serpentine(size).T, *(maze(size, seed) for seed in range(5))):
            for view in (mask, mask.flip(0), mask.flip(1), mask.flip(0, 1)):
                assert len(_component_labels(view[None])[0][view].unique()) == 1


def test_labels_differ_between_components_and_images():
    masks = torch.tensor([[[1, 0, 1], [0, 0, 0], [1, 1, 1]]]).bool().expand(2, -1, -1)
    assert len(_component_labels(masks)[masks].unique()) == 6


def test_of_equal_components_the_first_in_raster_order_wins():
    mask = torch.zeros(1, 5, 9).bool()
    mask[0, 2:5, 0] = True  # starts in row 2
    mask[0, 0, 4:7] = True  # starts in row 0: first
    mask[0, 0:3, 8] = True  # starts in row 0, further right
    assert both_forms(mask).tolist() == [[4, 0, 7, 1]]
    assert both_forms(mask.flip(2)).tolist() == [[0, 0, 1, 3]]
    # OpenCV numbers by 2 x 2 blocks, and so the component of (1, 0) before that of (0, 3).
    mask = torch.tensor([[[0, 0, 0, 1], [1, 0, 0, 0]]]).bool()
    assert both_forms(mask).tolist() == [[3, 0, 4, 1]]


def test_corners_connect():
    assert both_forms(torch.eye(6).bool()[None]).tolist() == [[0, 0, 6, 6]]
    assert both_forms(torch.eye(6).bool().flip(1)[None]).tolist() == [[0, 0, 6, 6]]


def test_empty_batch_and_layouts():
    assert both_forms(torch.zeros(0, 4, 5).bool()).shape == (0, 4)
    masks = torch.rand(5, 8, 3, generator=torch.Generator().manual_seed(3)) < 0.5
    assert torch.equal(both_forms(masks.permute(2, 1, 0)), both_forms(masks.permute(2, 1, 0).contiguous()))


def test_compiled_code_takes_the_cpu_form_outside_its_graph():
    compiled = torch.compile(lambda masks: largest_component_boxes(masks) * 2, backend='eager')
    masks = torch.eye(4).bool()[None]
    with warnings.catch_warnings():
        warnings.filterwarnings('error', message='Dynamo does not know')  # said where it tried to trace OpenCV
        assert torch.equal(compiled(masks), largest_component_boxes(masks) * 2)


def test_refusals():
    with pytest.raises(TypeError, match='masks must be bool'):
        largest_component_boxes(torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match='BxHxW'):
        largest_component_boxes(torch.zeros(2, 2).bool())
    with pytest.raises(ValueError, match='at least one pixel'):
        largest_component_boxes(torch.zeros(1, 0, 2).bool())
