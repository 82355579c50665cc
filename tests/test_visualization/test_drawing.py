import numpy as np
import pytest

from sltnet_mm.visualization import add_caption, draw_boxes, enlarge, overlay_score_map, picture_grid, warp_to_original

RED, RIM = (255, 0, 0), (20, 20, 20)


def colored(image, color):
    """Bounds x1, y1, x2, y2 (ends exclusive) of the pixels of a color."""
    rows, columns = np.nonzero((image == color).all(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_boxes_have_exact_ends_and_are_hollow():
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width = rng.integers(30, 60, 2)
        x1, y1 = rng.integers(2, [width - 20, height - 20])
        x2, y2 = rng.integers([x1 + 8, y1 + 8], [width - 1, height - 1])
        line = int(rng.integers(1, 4))
        image = np.full((height, width, 3), 128, np.uint8)
        picture = draw_boxes(image, np.array([[x1, y1, x2, y2]]), RED, line)
        assert colored(picture, RED) == (x1, y1, x2, y2)
        assert colored(picture, RIM) == (x1 - 1, y1 - 1, x2 + 1, y2 + 1)
        assert (picture[y1 + line + 1 : y2 - line - 1, x1 + line + 1 : x2 - line - 1] == 128).all()
        ring = (x2 - x1) * (y2 - y1) - max(0, x2 - x1 - 2 * line) * max(0, y2 - y1 - 2 * line)
        assert (picture == RED).all(-1).sum() == ring
        assert (image == 128).all()  # the caller's image is left alone


def test_boxes_at_and_beyond_the_border_stay_visible():
    image = np.zeros((20, 30, 3), np.uint8)
    assert colored(draw_boxes(image, np.array([0, 0, 30, 20]), RED, 1), RED) == (0, 0, 30, 20)
    assert colored(draw_boxes(image, np.array([-1e9, -5, 1e9, 10]), RED, 1), RED) == (0, 0, 30, 10)
    swapped = draw_boxes(image, np.array([20, 15, 4, 5]), RED)
    np.testing.assert_array_equal(swapped, draw_boxes(image, np.array([4, 5, 20, 15]), RED))
    for corner in ([30, 20, 30, 20], [5, 5, 5, 5], [40, 40, 50, 50]):  # without area: nothing to see, but no error
        assert draw_boxes(image, np.array(corner), RED).shape == image.shape


def test_several_boxes_none_and_a_label():
    image = np.zeros((60, 80, 3), np.uint8)
    assert (draw_boxes(image, np.zeros((0, 4))) == image).all()
    two = draw_boxes(image, np.array([[2, 2, 20, 20], [30, 30, 50, 50]]), RED, 1)
    assert colored(two, RED) == (2, 2, 50, 50)
    labeled = draw_boxes(image, np.array([[2, 2, 70, 50]]), RED, 1, label='bird')
    assert (labeled != draw_boxes(image, np.array([[2, 2, 70, 50]]), RED, 1)).any()


@pytest.mark.parametrize('boxes', [[[0, 0, np.nan, 4]], [[0, 0, 4]], [[[0, 0, 4, 4]]]])
def test_impossible_boxes_are_refused(boxes):
    with pytest.raises(ValueError, match='boxes must be n x 4 finite'):
        draw_boxes(np.zeros((8, 8, 3), np.uint8), np.array(boxes))


@pytest.mark.parametrize(
    ('image', 'error'),
    [
        (np.zeros((4, 4, 3)), TypeError),
        (np.zeros((4, 4), np.uint8), ValueError),
        (np.zeros((0, 4, 3), np.uint8), ValueError),
        ([[1]], TypeError),
    ],
)
def test_pictures_of_another_kind_are_refused(image, error):
    for function, arguments in ((enlarge, ()), (draw_boxes, (np.zeros((0, 4)),)), (add_caption, (['a'],))):
        with pytest.raises(error, match='image must be'):
            function(image, *arguments)


@pytest.mark.parametrize(
    ('shape', 'side', 'factor'),
    [((64, 64), 256, 4), ((63, 200), 256, 5), ((256, 300), 256, 1), ((500, 400), 256, 1), ((1, 1), 7, 7)],
)
def test_enlarging_by_integer_factors(shape, side, factor):
    picture, got = enlarge(np.full((*shape, 3), 77, np.uint8), side)
    assert got == factor
    assert picture.shape == (shape[0] * factor, shape[1] * factor, 3)
    assert (picture == 77).all()
    with pytest.raises(ValueError, match='min_side'):
        enlarge(picture, 0)


def slow_warp(score_map, matrix, size):
    """Bilinear look-up at every pixel's center, replicated at the border, NaN outside the input."""
    height, width = score_map.shape
    result = np.full(size, np.nan)
    for row in range(size[0]):
        for column in range(size[1]):
            x, y, w = matrix @ (column + 0.5, row + 0.5, 1)
            x, y = x / w, y / w
            if not (0 < x < width and 0 < y < height):
                continue
            x, y = np.clip(x - 0.5, 0, width - 1), np.clip(y - 0.5, 0, height - 1)
            x0, y0 = min(int(x), width - 2), min(int(y), height - 2)
            top, bottom = (score_map[r, x0] * (1 - (x - x0)) + score_map[r, x0 + 1] * (x - x0) for r in (y0, y0 + 1))
            result[row, column] = top * (1 - (y - y0)) + bottom * (y - y0)
    return result


def test_warping_undoes_crop_scale_and_flip():
    rng = np.random.default_rng(1)
    for _ in range(20):
        score_map = rng.random((12, 16))
        scale_x, scale_y = rng.uniform(0.4, 2, 2)
        matrix = np.array([[scale_x, 0, -rng.uniform(0, 5)], [0, scale_y, -rng.uniform(0, 5)], [0, 0, 1]])
        if rng.random() < 0.5:
            matrix = np.array([[-1, 0, 16], [0, 1, 0], [0, 0, 1.0]]) @ matrix
        got, expected = warp_to_original(score_map, matrix, (20, 25)), slow_warp(score_map, matrix, (20, 25))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        np.testing.assert_allclose(got, expected, atol=0.06)  # cv2 interpolates in steps of 1/32 pixel
        assert np.nanmean(np.abs(got - expected)) < 0.02


def test_warping_by_the_identity_changes_nothing():
    score_map = np.random.default_rng(2).random((9, 7)).astype(np.float32)
    np.testing.assert_allclose(warp_to_original(score_map, np.eye(3), (9, 7)), score_map, atol=1e-6)


def test_warping_rejects_wrong_shapes():
    with pytest.raises(ValueError, match='score_map must be H x W'):
        warp_to_original(np.zeros((1, 4, 4)), np.eye(3), (4, 4))
    with pytest.raises(ValueError, match='homography_matrix must be 3 x 3'):
        warp_to_original(np.zeros((4, 4)), np.eye(2), (4, 4))


def test_overlay_blends_by_alpha_and_keeps_cropped_pixels():
    image = np.random.default_rng(3).integers(0, 256, (6, 8, 3), np.uint8)
    score_map = np.linspace(0, 1, 48).reshape(6, 8)
    score_map[0] = np.nan
    covered = overlay_score_map(image, score_map, alpha=1)
    np.testing.assert_array_equal(covered[0], image[0])
    assert (covered[-1, -1] == (253, 231, 37)).all()  # viridis ends in yellow, in RGB
    lightness = covered[1:].reshape(-1, 3) @ (0.299, 0.587, 0.114)
    assert (np.diff(lightness) > -1.5).all()  # it rises with the score, but for rounding
    bare = overlay_score_map(image, score_map, alpha=0)
    assert (bare[1:] == bare[1:, :, :1]).all()  # gray
    half = overlay_score_map(image, score_map, alpha=0.5)
    np.testing.assert_allclose(half[1:], (covered[1:].astype(float) + bare[1:]) / 2, atol=1)


@pytest.mark.parametrize(
    ('score_map', 'alpha', 'message'),
    [(np.zeros((4, 5)), 0.5, 'size of the image'), (np.zeros((4, 4)), 1.5, r'alpha must be in \[0, 1\]')],
)
def test_overlay_refuses_other_sizes_and_shares(score_map, alpha, message):
    with pytest.raises(ValueError, match=message):
        overlay_score_map(np.zeros((4, 4, 3), np.uint8), score_map, alpha)


def test_captions_go_below_and_grow_with_their_lines():
    image = np.full((30, 120, 3), 9, np.uint8)
    one, two = add_caption(image, ['true: bird']), add_caption(image, ['true: bird', ('predicted: fish', RED)])
    assert (one[:30] == 9).all()
    assert 30 < one.shape[0] < two.shape[0]
    assert (one[30:] < 100).any()  # ink
    assert (two == RED).all(-1).any() and not (one == RED).all(-1).any()  # the swatch
    np.testing.assert_array_equal(add_caption(image, []), image)


def test_captions_wider_than_the_picture_are_cut():
    image = np.zeros((10, 60, 3), np.uint8)
    long, longer = (add_caption(image, ['x' * count]) for count in (50, 500))
    np.testing.assert_array_equal(long, longer)
    assert (long[10:, -1] == 255).all()


def test_missing_font_is_named():
    with pytest.raises(FileNotFoundError, match='nowhere.ttf'):
        add_caption(np.zeros((10, 60, 3), np.uint8), ['a'], font_file='nowhere.ttf')


def test_grid_places_every_picture():
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    sizes = ((10, 30), (20, 12), (8, 8))
    tiles = [np.full((*size, 3), color, np.uint8) for size, color in zip(sizes, colors, strict=True)]
    grid = picture_grid([[(tiles[0], []), (tiles[1], [])], [(tiles[2], [])]], gap=5)
    assert grid.shape == (5 + 20 + 5 + 8 + 5, 5 + 30 + 5 + 12 + 5, 3)
    assert colored(grid, colors[0]) == (5, 5, 35, 15)
    assert colored(grid, colors[1]) == (40, 5, 52, 25)
    assert colored(grid, colors[2]) == (5, 30, 13, 38)
    assert picture_grid([[(tiles[0], ['a'])]]).shape[0] > picture_grid([[(tiles[0], [])]]).shape[0]
    for rows in ([], [[]]):
        with pytest.raises(ValueError, match='at least one row with a picture'):
            picture_grid(rows)
