import inspect

import mmcv
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample

from sltnet_mm.registry import VISUALIZERS
from sltnet_mm.structures.frames import boxes_of_samples
from sltnet_mm.visualization import GT_COLOR, MAP_BOX_COLOR, PREDICTED_COLOR, LocalizationVisualizer


def sample_of(
    size=(300, 300), box=(40.0, 50, 120, 140), scores=(0.6, 0.3), score_map=False, gt_box=(30.0, 40, 130, 150)
):
    sample = DataSample(metainfo=dict(ori_shape=size, img_path='a.png', homography_matrix=np.diag([0.5, 0.5, 1])))
    sample.set_gt_label(1)
    sample.gt_instances = InstanceData(bboxes=torch.tensor([gt_box]), labels=torch.tensor([1]))
    if scores:
        labels = torch.arange(len(scores)).flip(0)
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor([box] * len(scores)), labels=labels, scores=torch.tensor(scores)
        )
    if score_map:
        sample.pred_score_map = torch.zeros(size[0] // 2, size[1] // 2)
        sample.pred_score_map[10:60, 20:80] = 1
    return sample


@pytest.fixture
def visualizer(request):
    visualizer = VISUALIZERS.build(dict(type='sltnet_mm.LocalizationVisualizer', name=request.node.nodeid))
    visualizer.dataset_meta = dict(classes=('bird', 'fish'))
    return visualizer


def bounds(image, color):
    rows, columns = np.nonzero((image == color).all(-1))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


GRAY = np.full((300, 300, 3), 100, np.uint8)


def test_the_predicted_box_is_drawn_once_and_in_place(visualizer):
    picture = visualizer.draw(GRAY, sample_of())[:300]
    assert bounds(picture, PREDICTED_COLOR) == [40, 50, 120, 140]
    assert bounds(picture, GT_COLOR) == [30, 40, 130, 150]
    # Five rows of the same box give the same picture as one: nothing is painted over.
    np.testing.assert_array_equal(picture, visualizer.draw(GRAY, sample_of(scores=(0.6, 0.1, 0.1, 0.1, 0.1)))[:300])


def test_small_images_are_enlarged_with_their_boxes(visualizer):
    sample = sample_of((64, 64), box=(8.0, 8, 40, 48), gt_box=(16.0, 4, 60, 30))
    picture = visualizer.draw(np.full((64, 64, 3), 100, np.uint8), sample)
    assert picture.shape[1] == 256
    assert bounds(picture[:256], PREDICTED_COLOR) == [32, 32, 160, 192]


def test_what_is_drawn_can_be_chosen(visualizer):
    def drawn(**settings):
        picture = visualizer.draw(GRAY, sample_of(score_map=True), **settings)
        return [(picture[:300] == color).all(-1).any() for color in (GT_COLOR, PREDICTED_COLOR)] + [picture.shape[1]]

    assert drawn() == [True, True, 600]
    assert drawn(draw_gt=False) == [False, True, 600]
    assert drawn(draw_pred=False) == [True, False, 300]
    assert drawn(draw_score_map=False) == [True, True, 300]


def test_score_map_is_drawn_on_the_original_image_with_its_box(visualizer):
    picture = visualizer.draw(GRAY, sample_of(score_map=True))[:300, 300:]
    assert bounds(picture, MAP_BOX_COLOR) == [40, 20, 160, 120]  # twice the map's 20..80 and 10..60
    assert picture[80, 140, 2] < picture[290, 290, 2]  # yellow inside, violet outside
    assert not np.array_equal(picture[200, 100], GRAY[200, 100])
    without = LocalizationVisualizer(map_threshold=None).draw(GRAY, sample_of(score_map=True))[:300, 300:]
    assert not (without == MAP_BOX_COLOR).all(-1).any()


def test_maps_of_small_images_are_enlarged_with_them(visualizer):
    sample = sample_of((64, 64), score_map=True)
    sample.pred_score_map = torch.zeros(32, 32)
    sample.pred_score_map[8:16, 4:20] = 1
    picture = visualizer.draw(np.full((64, 64, 3), 100, np.uint8), sample, draw_gt=False)[:256, 256:]
    x1, y1, x2, y2 = bounds(picture, MAP_BOX_COLOR)
    assert [x1, y1, x2, y2] == [32, 64, 160, 128]
    inside, outside = picture[y1 + 12 : y2 - 12, x1 + 12 : x2 - 12], picture[y2 + 12 :]
    assert (inside[..., 1] > 150).all() and (outside[..., 1] < 60).all()  # yellow and violet


def test_the_map_of_a_crop_leaves_the_rest_of_the_image(visualizer):
    sample = sample_of(score_map=True)
    sample.set_metainfo(dict(homography_matrix=np.array([[1.0, 0, -100], [0, 1, -100], [0, 0, 1]])))
    picture = visualizer.draw(GRAY, sample)[:300, 300:]
    assert (picture[:30, :90] == 100).all() and (picture[260:, 260:] == 100).all()
    assert bounds(picture, MAP_BOX_COLOR) == [120, 110, 180, 160]


def test_caption_names_the_labels(visualizer):
    lines = visualizer._truth_lines(sample_of(), torch.zeros(1, 4))
    lines += visualizer._prediction_lines(sample_of(), 0)
    assert lines == [('true: fish', GT_COLOR), 'predicted: fish 0.60']
    assert visualizer._prediction_lines(sample_of(), 0.7) == ['predicted: no label above 0.7']
    nameless = LocalizationVisualizer()
    assert nameless._prediction_lines(sample_of(), 0) == ['predicted: class 1 0.60']


def test_caption_and_color_say_whose_each_box_is(visualizer, monkeypatch):
    captions = []
    monkeypatch.setattr(
        'sltnet_mm.visualization.visualizer.add_caption',
        lambda image, lines, **settings: captions.append(lines) or image,
    )
    sample = sample_of(score_map=True)
    sample.set_metainfo(dict(box_from='regressor'))
    picture = visualizer.draw(GRAY, sample)
    texts = dict((text.split(',')[0], color) for text, color in captions[0][-2:])
    assert texts == {'box of the regressor': PREDICTED_COLOR, 'box of the score map above 0.2': MAP_BOX_COLOR}
    assert (picture[:, :300] == MAP_BOX_COLOR).all(-1).sum() == 0 < (picture[:, 300:] == MAP_BOX_COLOR).all(-1).sum()
    sample.set_metainfo(dict(box_from='localizer'))
    sample.pred_instances.bboxes = boxes_of_samples([sample], 0.2).boxes.repeat(len(sample.pred_instances), 1)
    picture = visualizer.draw(GRAY, sample)
    assert [text.split(',')[0] for text, _ in captions[1][-1:]] == ['box of the localizer (of the score map above 0.2)']
    assert not (picture == MAP_BOX_COLOR).all(-1).any()


def test_a_localizer_without_boxes_is_drawn(visualizer):
    sample = sample_of(scores=(), score_map=True)
    sample.set_pred_score(torch.tensor([0.8, 0.2]))
    assert visualizer._prediction_lines(sample, 0) == ['predicted: bird 0.80']
    assert visualizer.draw(GRAY, sample).shape[1] == 600


def test_samples_that_know_little_are_drawn(visualizer):
    np.testing.assert_array_equal(visualizer.draw(GRAY), GRAY)
    np.testing.assert_array_equal(visualizer.draw(GRAY, DataSample()), GRAY)
    training = DataSample(gt_instances=InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0)))
    np.testing.assert_array_equal(visualizer.draw(GRAY, training), GRAY)


def test_an_image_of_another_size_is_refused(visualizer):
    with pytest.raises(ValueError, match=r'original image.*\(300, 300\).*\(150, 150\)'):
        visualizer.draw(GRAY[:150, :150], sample_of())


def test_a_map_without_its_frame_is_refused(visualizer):
    sample = DataSample(pred_score_map=torch.zeros(4, 4))
    with pytest.raises(KeyError, match='homography_matrix'):
        visualizer.draw(GRAY, sample)


def test_pictures_go_to_the_file_or_the_backends(tmp_path):
    visualizer = LocalizationVisualizer(vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    visualizer.add_datasample('a', GRAY, sample_of(), out_file=str(tmp_path / 'deep' / 'a.png'))
    written = mmcv.imread(str(tmp_path / 'deep' / 'a.png'), channel_order='rgb')
    np.testing.assert_array_equal(written, visualizer.draw(GRAY, sample_of()))
    assert not list(tmp_path.glob('vis_data/vis_image/*'))
    visualizer.add_datasample('b', GRAY, sample_of(), step=3)
    assert (tmp_path / 'vis_data' / 'vis_image' / 'b_3.png').is_file()
    assert visualizer.get_image().shape == visualizer.draw(GRAY, sample_of()).shape  # DetInferencer reads it back


def test_mmdet_can_call_it():
    from mmdet.visualization import DetLocalVisualizer

    ours, theirs = (
        list(inspect.signature(kind.add_datasample).parameters) for kind in (LocalizationVisualizer, DetLocalVisualizer)
    )
    assert ours[: len(theirs)] == theirs


def test_a_training_crop_with_its_label_can_be_browsed(visualizer):
    """mmdet's browse_dataset shows the network input, which is not the original image; no box lies on it."""
    sample = sample_of(scores=(), gt_box=())
    sample.gt_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    assert visualizer.draw(GRAY[:224, :224], sample.numpy(), draw_pred=False).shape[0] > 256
    with pytest.raises(ValueError, match='image must be the original image'):
        visualizer.draw(GRAY[:224, :224], sample_of())


def test_a_config_needs_no_name_and_runs_of_one_process_stay_apart():
    unnamed = VISUALIZERS.build(dict(type='sltnet_mm.LocalizationVisualizer'))
    assert unnamed.instance_name == 'visualizer'
    one, other = (VISUALIZERS.build(dict(type='sltnet_mm.LocalizationVisualizer', name=f'run{i}')) for i in range(2))
    assert one is not other


def test_a_box_without_labels_is_drawn_without_a_name(visualizer):
    sample = sample_of()
    sample.pred_instances = InstanceData(bboxes=sample.pred_instances.bboxes)
    picture = visualizer.draw(GRAY, sample, draw_gt=False)
    assert bounds(picture, PREDICTED_COLOR) == [40, 50, 120, 140] and picture.shape == GRAY.shape


def test_boxes_that_mmdet_wraps_are_drawn(visualizer):
    from mmdet.structures.bbox import HorizontalBoxes

    sample, wrapped = sample_of(), sample_of()
    wrapped.gt_instances = InstanceData(bboxes=HorizontalBoxes(sample.gt_instances.bboxes), labels=torch.tensor([1]))
    np.testing.assert_array_equal(visualizer.draw(GRAY, wrapped), visualizer.draw(GRAY, sample))
