"""SLTInferencer on every kind of model: against tools/test.py, on every kind of input, and what it refuses."""

import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
import torch
from checkpoint_files import write_checkpoints
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope

import sltnet_mm
from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.functional import score_map_to_box
from sltnet_mm.structures.frames import boxes_to_original

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp('checkpoints'))


def inferencer_of(trained, kind, **settings):
    settings.setdefault('device', 'cpu')
    return sltnet_mm.SLTInferencer(*trained[kind], **settings)


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Folder of three oblong photographs in two subfolders, and a file that is no image."""
    folder, rng = tmp_path_factory.mktemp('images'), np.random.default_rng(0)
    for name in ('b/2.png', 'a/1.jpg', 'a/3.PNG'):
        (folder / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(
            str(folder / name), cv2.resize(rng.integers(0, 255, (6, 9, 3), dtype=np.uint8), (120, 80), interpolation=1)
        )
    (folder / 'a' / 'notes.txt').write_text('no image')
    for clutter in ('a/._1.jpg', '.ipynb_checkpoints/1-checkpoint.jpg', '__MACOSX/a/1.jpg', 'b/@eaDir/2.png/thumb.jpg'):
        (folder / clutter).parent.mkdir(parents=True, exist_ok=True)
        (folder / clutter).write_bytes(b'no image either')
    return folder


def test_importing_the_package_imports_no_host():
    code = 'import sys, sltnet_mm; print([m for m in ("torch", "mmengine", "mmcv", "mmpretrain") if m in sys.modules])'
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT).stdout == '[]\n'
    with pytest.raises(AttributeError, match='no attribute'):
        _ = sltnet_mm.Inferencer


@pytest.mark.parametrize('kind', ['slt_net', 'localizer', 'regressor'])
def test_predictions_are_those_of_the_test_tool(trained, kind, tmp_path, monkeypatch):
    config, checkpoint = trained[kind]
    arguments = [config, checkpoint, '--work-dir', tmp_path, '--out', tmp_path / 'out.pkl', '--cfg-options']
    arguments += ['test_dataloader.dataset.num_images=12', 'test_dataloader.batch_size=4']
    monkeypatch.setattr(sys, 'argv', ['test.py', *map(str, arguments)])
    runpy.run_path(str(ROOT / 'tools/test.py'), run_name='__main__')
    expected = pickle.loads((tmp_path / 'out.pkl').read_bytes())
    found = inferencer_of(trained, kind, show_progress=False)([item['img_path'] for item in expected], batch_size=4)
    assert len(found) == len(expected) == 12
    for result, item in zip(found, expected, strict=True):
        assert result.image == item['img_path']
        if kind == 'localizer':
            box = score_map_to_box(item['pred_score_map'], 0.2)[None]
            meta = dict(homography_matrix=item['homography_matrix'], ori_shape=item['ori_shape'])
            box = boxes_to_original(box, [meta])[0]
        else:
            box = item['pred_instances']['bboxes'][0]
        assert result.box == tuple(box.tolist())
        if kind == 'regressor':
            assert result.label is result.name is result.label_score is result.score is result.score_map is None
            continue
        assert result.label == item['pred_label'] == item['pred_score'].argmax()
        assert result.label_score == item['pred_score'].max()
        assert np.array_equal(result.input_score_map, item['pred_score_map'].numpy())
        assert result.name == SyntheticLocalization(split='test', num_images=12).metainfo['classes'][result.label]
        assert [top.score for top in result.top_labels] == item['pred_score'].topk(5).values.tolist()
        assert result.guesses == result.top_labels


@pytest.mark.parametrize('kind', ['slt_net', 'localizer'])
def test_every_input_gives_the_same(trained, images, kind):
    inferencer = inferencer_of(trained, kind)
    paths = [images / 'a/1.jpg', images / 'a/3.PNG', images / 'b/2.png']
    folder = inferencer(images)
    assert [result.image for result in folder] == [str(path) for path in paths]  # by name, at any depth, images only
    single = [inferencer(path)[0] for path in paths]
    array = inferencer(mmcv.imread(str(paths[0])))[0]
    mixed = inferencer([str(paths[0]), mmcv.imread(str(paths[1])), str(images / 'b')], batch_size=2)
    assert array.image == 'image 0' and mixed[1].image == 'image 1'
    for a, b in [*zip(folder, single, strict=True), *zip(folder, mixed, strict=True), (folder[0], array)]:
        assert (
            a.box == pytest.approx(b.box, abs=1e-3)
            and a.label == b.label
            and a.label_score == pytest.approx(b.label_score)
        )
        np.testing.assert_allclose(a.score_map, b.score_map, atol=1e-5)
    # Untrained parts give one box for all.
    assert len({result.label_score for result in folder}) == 3
    arrays = inferencer([mmcv.imread(str(path)) for path in paths], batch_size=2)
    assert [result.image for result in arrays] == ['image 0', 'image 1', 'image 2']
    assert inferencer([]) == []


def test_score_map_covers_the_original_image(trained, images):
    result = inferencer_of(trained, 'localizer')(images / 'a/1.jpg')[0]
    assert result.ori_shape == result.score_map.shape == (80, 120) and result.input_score_map.shape == (64, 64)
    # OpenCV's resize keeps the same pixel centers as the warp.
    expected = cv2.resize(result.input_score_map, (120, 80), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(result.score_map, expected, atol=0.02)
    assert 0 <= result.score_map.min() < result.score_map.max() <= 1
    in_map = score_map_to_box(torch.from_numpy(result.input_score_map), 0.2)
    assert result.box == pytest.approx((in_map * torch.tensor([120, 80, 120, 80]) / 64).tolist(), abs=1e-3)


def test_score_map_is_zero_where_the_image_was_cropped_away(trained, images):
    config = Config.fromfile(trained['localizer'][0])
    config.test_dataloader.dataset.pipeline[1] = dict(type='sltnet_mm.ResizeCrop', resize=80, crop=40, mode='center')
    inferencer = sltnet_mm.SLTInferencer(config, trained['localizer'][1], device='cpu')
    score_map = inferencer(images / 'a/1.jpg')[0].score_map
    inside = np.zeros((80, 120), bool)
    inside[20:60, 30:90] = True
    assert np.isfinite(score_map).all() and not score_map[~inside].any() and score_map[inside].mean() > 0.1


@pytest.mark.parametrize('kind', ['slt_net', 'localizer', 'regressor'])
def test_pictures(trained, images, tmp_path, kind):
    inferencer = inferencer_of(trained, kind, show_progress=False)
    results = inferencer(images, batch_size=2, out_dir=tmp_path / 'new' / 'pictures', return_drawing=True)
    names = ['000000_1.png', '000001_3.png', '000002_2.png']
    assert sorted(path.name for path in (tmp_path / 'new' / 'pictures').iterdir()) == names
    for name, result in zip(names, results, strict=True):
        picture = mmcv.imread(str(tmp_path / 'new' / 'pictures' / name), channel_order='rgb')
        assert np.array_equal(picture, result.drawing)
        panels = 1 if kind == 'regressor' else 2
        assert picture.shape[1] == panels * 480 and picture.shape[0] > 320 - (kind == 'regressor')  # 120 x 80, times 4
        photograph = mmcv.imread(result.image, channel_order='rgb').astype(int)
        enlarged = np.median(
            np.abs(cv2.resize(picture[:320, :480], (120, 80), interpolation=3).astype(int) - photograph)
        )
        assert enlarged < 6  # the other order of the channels: 50 and more
        red = (picture[:320, :480] == (255, 48, 48)).all(-1)
        columns = np.flatnonzero(red.any(axis=0))
        assert columns[0] == pytest.approx(4 * result.box[0], abs=1) and columns[-1] + 1 == pytest.approx(
            4 * result.box[2], abs=1
        )
    assert inferencer(images / 'a/1.jpg')[0].drawing is None


def test_threshold_decides_the_localizers_box(trained, images):
    boxes = [inferencer_of(trained, 'localizer', threshold=t)(images / 'a/1.jpg')[0].box for t in (None, 0.2, 0.7)]
    assert boxes[0] == boxes[1] != boxes[2]
    config = Config.fromfile(trained['slt_net'][0])
    config.model.test_cfg.box_from = 'localizer'
    config.model.pseudo_box.threshold = 0.7
    before = config.pretty_text
    found = [
        sltnet_mm.SLTInferencer(config, trained['slt_net'][1], device='cpu', threshold=t)(images / 'a/1.jpg')[0]
        for t in (None, 0.2)
    ]
    assert config.pretty_text == before
    for result, threshold in zip(found, (0.7, 0.2), strict=True):
        box = score_map_to_box(torch.from_numpy(result.input_score_map), threshold) * torch.tensor([120, 80] * 2) / 64
        assert result.box == pytest.approx(tuple(box.tolist()), abs=1e-3)
    with pytest.raises(ValueError, match='threshold=0.3 has no effect'):
        inferencer_of(trained, 'slt_net', threshold=0.3)
    with pytest.raises(ValueError, match=r'threshold must be in \[0, 1\), got 1.0'):
        inferencer_of(trained, 'localizer', threshold=1.0)


def test_stream_is_lazy_and_the_scope_stays(trained, images):
    init_default_scope('mmpretrain')
    inferencer = inferencer_of(trained, 'slt_net', score_map=False, show_progress=False)
    assert DefaultScope.get_current_instance().scope_name == 'mmpretrain'  # not the model's mmdet
    stream = inferencer.stream([images / 'a/1.jpg', images / 'a/notes.txt'])
    assert next(stream).image.endswith('1.jpg')
    with pytest.raises(ValueError, match=r"File '.*notes.txt' is not an image"):
        next(stream)
    sample = inferencer(images / 'a/1.jpg', return_datasamples=True)[0].data_sample
    assert len(sample.pred_instances) == 5


def test_progress_is_shown_for_more_than_one_batch(trained, images, capsys):
    inferencer = inferencer_of(trained, 'localizer')
    capsys.readouterr()
    inferencer(images, batch_size=3)
    assert 'Inference' not in capsys.readouterr().err
    inferencer(images, batch_size=2)
    assert 'Inference' in capsys.readouterr().err


def truncated(images, tmp_path):
    path = tmp_path / 'half.jpg'
    path.write_bytes((images / 'a/1.jpg').read_bytes()[:1500])
    return path


@pytest.mark.parametrize(
    ('make', 'error', 'message'),
    [
        (lambda images, tmp: 'nowhere.jpg', ValueError, "Image 'nowhere.jpg' is missing"),
        (truncated, ValueError, r"Image '.*half.jpg' is truncated or damaged: .* Restore the file or leave it out"),
        (lambda images, tmp: images / 'a/notes.txt', ValueError, 'notes.txt. is not an image'),
        (lambda images, tmp: tmp, ValueError, r'the folder .* has no images \(.jpg'),
        (lambda images, tmp: 3, TypeError, 'inputs must be a path, a folder.*got int'),
        (lambda images, tmp: np.zeros((4, 5), np.uint8), ValueError, r'H x W x 3 uint8 .* got uint8 of shape \(4, 5\)'),
        (lambda images, tmp: np.zeros((4, 5, 3)), ValueError, 'got float64 of shape'),
    ],
)
def test_bad_inputs_are_named(trained, images, tmp_path, make, error, message):
    with pytest.raises(error, match=message):
        inferencer_of(trained, 'localizer')(make(images, tmp_path))


def test_bad_models_are_refused(trained, tmp_path):
    config, checkpoint = trained['localizer']
    build = sltnet_mm.SLTInferencer
    with pytest.raises(TypeError, match='checkpoint'):
        build(config)
    with pytest.raises(TypeError, match='checkpoint must be a path or URL, .*got None'):
        build(config, None)
    with pytest.raises(FileNotFoundError, match='config none.py does not exist'):
        build('none.py', checkpoint)
    with pytest.raises(FileNotFoundError, match='the file none.pth does not exist'):
        build(config, 'none.pth')
    with pytest.raises(ValueError, match='the checkpoint is of another model or class count'):
        build(config, trained['classifier'][1])
    with pytest.raises(ValueError, match='model must be sltnet_mm.SLTNet.*got ImageClassifier'):
        build(*trained['classifier'])
    joined = config.parents[1] / 'slt_net/slt-net-joined_small-conv_1xb32-10e_synthetic.py'
    with pytest.raises(ValueError, match=r'missing from it \(classifier\..*merge_parts.py'):
        build(joined, trained['slt_net'][1])
    state = torch.load(checkpoint, weights_only=False)
    state['meta']['dataset_meta']['classes'] = ('a', 'b')
    torch.save(state, tmp_path / 'two.pth')
    with pytest.raises(ValueError, match='checkpoint has 2 classes .* the model has 12'):
        build(config, tmp_path / 'two.pth')
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.pipeline = cfg.test_dataloader.dataset.pipeline[1:]
    with pytest.raises(ValueError, match='must begin with LoadImageFromFile, got ResizeCrop'):
        build(cfg, checkpoint)
    cfg.test_dataloader = None
    with pytest.raises(ValueError, match='must have test_dataloader.dataset.pipeline'):
        build(cfg, checkpoint)


def test_a_checkpoint_without_names_gives_numbers(trained, tmp_path):
    config, checkpoint = trained['localizer']
    torch.save(dict(state_dict=torch.load(checkpoint, weights_only=False)['state_dict']), tmp_path / 'bare.pth')
    result = sltnet_mm.SLTInferencer(config, tmp_path / 'bare.pth', device='cpu')(np.zeros((9, 7, 3), np.uint8))[0]
    assert result.name is None and 0 <= result.label < 12
