"""mmdet's and mmpretrain's own inferencers on our configs, against ours."""

import cv2
import mmcv
import numpy as np
import pytest
from checkpoint_files import write_checkpoints

from sltnet_mm import SLTInferencer


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    return write_checkpoints(tmp_path_factory.mktemp('checkpoints'))


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp('images') / 'a.png'
    small = np.random.default_rng(0).integers(0, 255, (6, 9, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(small, (120, 80)))
    return str(path)


@pytest.mark.parametrize('kind', ['slt_net', 'regressor'])
def test_det_inferencer(trained, image, tmp_path, kind):
    from mmdet.apis import DetInferencer

    config, checkpoint = map(str, trained[kind])
    ours = SLTInferencer(config, checkpoint, device='cpu')(image)[0]
    inferencer = DetInferencer(config, checkpoint, device='cpu', show_progress=False)
    found = inferencer([image, mmcv.imread(image)], batch_size=2, out_dir=str(tmp_path), return_vis=True)
    for predictions in found['predictions']:
        assert len(predictions['bboxes']) == (5 if kind == 'slt_net' else 1)
        assert predictions['bboxes'][0] == pytest.approx(ours.box, abs=1e-3)
        if kind == 'slt_net':
            assert predictions['labels'] == [top.label for top in ours.top_labels]
            assert predictions['scores'] == pytest.approx([top.score for top in ours.top_labels], abs=1e-5)
    assert (tmp_path / 'vis' / 'a.png').is_file() and len(found['visualization']) == 2


def test_init_detector(trained, image):
    from mmdet.apis import inference_detector, init_detector

    config, checkpoint = map(str, trained['slt_net'])
    model = init_detector(config, checkpoint, device='cpu', cfg_options={})  # without it: it looks for model.backbone
    assert len(model.dataset_meta['classes']) == 12
    ours = SLTInferencer(config, checkpoint, device='cpu')(image)[0]
    assert inference_detector(model, image).pred_instances.bboxes[0].tolist() == pytest.approx(ours.box, abs=1e-3)


@pytest.mark.parametrize('kind', ['localizer', 'classifier'])
def test_image_classification_inferencer(trained, image, tmp_path, kind):
    from mmpretrain import ImageClassificationInferencer

    config, checkpoint = map(str, trained[kind])
    inferencer = ImageClassificationInferencer(config, pretrained=checkpoint, device='cpu')
    found = inferencer([image, mmcv.imread(image)], batch_size=2, show_dir=str(tmp_path))
    assert found[0]['pred_label'] == found[1]['pred_label'] and found[0]['pred_scores'].sum() == pytest.approx(
        1, abs=1e-5
    )
    if kind == 'localizer':
        ours = SLTInferencer(config, checkpoint, device='cpu')(image)[0]
        assert (found[0]['pred_label'], found[0]['pred_class']) == (ours.label, ours.name)
        assert found[0]['pred_score'] == pytest.approx(ours.label_score, abs=1e-6)
    assert len(list(tmp_path.iterdir())) == 2
