"""ONNX files in onnxruntime, beside the torch model that they were made of."""

import copy
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from checkpoint_files import config_of, write_checkpoint
from mmengine.config import Config

import sltnet_mm
from sltnet_mm.export import OPSET, export_onnx
from sltnet_mm.export.input_frame import frame_of

ROOT = Path(__file__).parents[2]
CLASSES = tuple(f'class {number}' for number in range(12))


def small_config(kind: str, **crop) -> Config:
    cfg = config_of(kind)
    cfg.test_dataloader.dataset.pipeline[1].update(resize=32, **crop)
    return cfg


def inferencer_of(cfg: Config, folder: Path, **settings) -> sltnet_mm.SLTInferencer:
    write_checkpoint(cfg, folder / 'model.pth', CLASSES)
    return sltnet_mm.SLTInferencer(cfg, folder / 'model.pth', device='cpu', show_progress=False, **settings)


def photographs() -> list[np.ndarray]:
    """Smooth images of several sizes."""
    rng = np.random.default_rng(0)
    return [
        cv2.resize(rng.integers(0, 255, (5, 7, 3), dtype=np.uint8), size, interpolation=cv2.INTER_CUBIC)
        for size in ((40, 30), (64, 90), (33, 57), (32, 32), (120, 35))
    ]


def fed(metadata: dict, images: list[np.ndarray]) -> np.ndarray:
    """Images as the docs prepare them: resized, cropped in the center, stacked."""
    (height, width), (h, w) = metadata['resize'], metadata['crop']
    top, left = round((height - h) / 2), round((width - w) / 2)
    return np.stack([cv2.resize(image, (width, height))[top : top + h, left : left + w] for image in images])


def run(path: Path, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path)
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, inputs), strict=True))


def compare_inference(inferencer, path: Path, names: set[str]) -> None:
    """Batches of every size against the inferencer, image by image."""
    metadata = export_onnx(inferencer, path)
    images = photographs()
    for some in (images[:1], images):
        sizes = np.array([image.shape[:2] for image in some])
        outputs = run(path, images=fed(metadata, some), image_sizes=sizes)
        assert set(outputs) == names
        for i, result in enumerate(inferencer(some)):
            np.testing.assert_allclose(outputs['boxes'][i], result.box, atol=0.01)
            if 'labels' in names:
                assert outputs['labels'][i] == result.label
                np.testing.assert_allclose(outputs['label_scores'][i], result.label_score, atol=1e-4)
            if 'scores' in names:
                np.testing.assert_allclose(outputs['scores'][i], result.score, atol=1e-3)


def test_boxes_labels_and_scores_of_the_score_map(tmp_path):
    inferencer = inferencer_of(
        small_config('slt_net', crop=28, mode='center'), tmp_path, box_from='localizer', threshold=0.4
    )
    compare_inference(inferencer, tmp_path / 'slt.onnx', {'boxes', 'labels', 'label_scores', 'scores'})
    boxes = [result.box for result in inferencer(photographs())]
    whole = [(0, 0, *image.shape[1::-1]) for image in photographs()]
    assert not np.allclose(boxes, whole, atol=8)  # the images tell a wrong threshold, crop or component

    model = onnx.load(tmp_path / 'slt.onnx')
    onnx.checker.check_model(model, full_check=True)
    assert {each.domain: each.version for each in model.opset_import}[''] == OPSET
    kept = {each.key: json.loads(each.value) for each in model.metadata_props}
    assert kept['classes'] == list(CLASSES) and kept['box_from'] == 'localizer' and kept['threshold'] == 0.4
    assert (kept['resize'], kept['crop'], kept['opset']) == ([32, 32], [28, 28], OPSET)
    assert not list(tmp_path.glob('*.data'))  # one file


def test_maps_and_logits(tmp_path):
    cfg = small_config('localizer')
    cfg.model.head.positive_weights = True
    cfg.model.data_preprocessor = dict(cfg.model.get('data_preprocessor') or cfg.data_preprocessor, to_rgb=True)
    inferencer = inferencer_of(cfg, tmp_path)
    metadata = export_onnx(inferencer, tmp_path / 'maps.onnx', 'localizer')
    outputs = run(tmp_path / 'maps.onnx', images=fed(metadata, photographs()))
    assert outputs['maps'].shape[:2] == (5, 12)
    for i, result in enumerate(inferencer(photographs(), return_datasamples=True)):
        sample = result.data_sample
        np.testing.assert_allclose(outputs['maps'][i, result.label], sample.pred_maps.top_1, atol=1e-3)
        probabilities = torch.from_numpy(outputs['logits'][i]).softmax(0)
        np.testing.assert_allclose(probabilities, sample.pred_score, atol=1e-4)


def test_a_regressor_gives_boxes_alone(tmp_path):
    inferencer = inferencer_of(small_config('regressor'), tmp_path)
    compare_inference(inferencer, tmp_path / 'all.onnx', {'boxes'})
    metadata = export_onnx(inferencer, tmp_path / 'boxes.onnx', 'regressor')
    outputs = run(tmp_path / 'boxes.onnx', images=fed(metadata, photographs()))
    sizes = np.array([[image.shape[1], image.shape[0]] * 2 for image in photographs()])
    boxes = np.array([result.box for result in inferencer(photographs())])
    np.testing.assert_allclose(outputs['boxes'], boxes * 32 / sizes, atol=0.01)


def test_the_classifier_of_an_slt_net_names_the_object(tmp_path):
    cfg = small_config('slt_net')
    cfg.model.classifier = dict(small_config('classifier').model, type='mmpretrain.ImageClassifier')
    cfg.model.classifier.pop('data_preprocessor', None)
    inferencer = inferencer_of(cfg, tmp_path, box_from='regressor')
    path = tmp_path / 'joined.onnx'
    metadata = export_onnx(inferencer, path, score=False)
    outputs = run(path, images=fed(metadata, photographs()), image_sizes=np.array([i.shape[:2] for i in photographs()]))
    assert set(outputs) == {'boxes', 'labels', 'label_scores'}
    results = inferencer(photographs())
    np.testing.assert_allclose(outputs['boxes'], [result.box for result in results], atol=0.01)
    np.testing.assert_allclose(outputs['label_scores'], [result.label_score for result in results], atol=1e-4)
    assert outputs['labels'].tolist() == [result.label for result in results]
    assert metadata['box_from'] == 'regressor' and metadata['threshold'] is None


def test_what_cannot_be_exported_is_named(tmp_path):
    cfg = small_config('localizer')
    localizer = inferencer_of(cfg, tmp_path)
    with pytest.raises(ValueError, match="part must be one of inference, localizer, regressor, got 'all'"):
        export_onnx(localizer, tmp_path / 'x.onnx', 'all')
    with pytest.raises(ValueError, match='no regressor whose head can be exported.* SingleBoxHead, SoftArgmaxBoxHead'):
        export_onnx(localizer, tmp_path / 'x.onnx', 'regressor')
    with pytest.raises(ValueError, match='no localizer: its head is NoneType'):
        export_onnx(inferencer_of(small_config('regressor'), tmp_path), tmp_path / 'x.onnx', 'localizer')

    own = copy.deepcopy(cfg)
    own.model.head = dict(
        type='sltnet_mm.ACoLHead', num_classes=12, in_channels=cfg.model.head.in_channels, conv_channels=(4,)
    )
    with pytest.raises(ValueError, match='head ACoLHead makes its maps in a way of its own.*CAMHead'):
        export_onnx(inferencer_of(own, tmp_path), tmp_path / 'x.onnx')

    other = small_config('slt_net')
    other.model.pseudo_box.update(threshold_of='otsu', threshold=0.0)
    with pytest.raises(ValueError, match='threshold_of=\'otsu\' is not exported: set it to "max"'):
        export_onnx(inferencer_of(other, tmp_path, box_from='localizer'), tmp_path / 'x.onnx')

    gradients = inferencer_of(cfg, tmp_path, map_source='grad_cam:head.cam')
    with pytest.raises(ValueError, match='need gradients'):
        export_onnx(gradients, tmp_path / 'x.onnx')
    assert not (tmp_path / 'x.onnx').exists()


def test_a_pipeline_that_a_graph_does_not_hold_is_named():
    from sltnet_mm.datasets.transforms import ResizeCrop, TenCrop

    with pytest.raises(ValueError, match='got TenCrop, ResizeCrop. Leave the others out'):
        frame_of([TenCrop(), ResizeCrop(resize=224)])
    with pytest.raises(ValueError, match='flip_prob=0, got ResizeCrop'):
        frame_of([ResizeCrop(resize=224, flip_prob=1.0)])


def test_the_tool_writes_a_file_once(tmp_path, monkeypatch, capsys):
    cfg = small_config('localizer')
    write_checkpoint(cfg, tmp_path / 'model.pth', CLASSES)
    cfg.dump(tmp_path / 'config.py')
    arguments = [tmp_path / 'config.py', tmp_path / 'model.pth', '--out', tmp_path / 'm.onnx', '--part', 'localizer']

    def tool(*more):
        monkeypatch.setattr(sys, 'argv', ['export_onnx.py', *map(str, arguments), *more])
        runpy.run_path(str(ROOT / 'tools/export_onnx.py'), run_name='__main__')

    tool()
    assert f'localizer written to {tmp_path / "m.onnx"}' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        tool()
    assert 'already exists' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tool('--overwrite', '--part', 'regressor')
    assert 'no regressor' in capsys.readouterr().err
