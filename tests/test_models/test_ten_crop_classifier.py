"""TenCropClassifier: the mean of ten predictions, alone and in a whole test run whose scores are joined with boxes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

from sltnet_mm.datasets import SyntheticLocalization, TenCrop
from sltnet_mm.evaluation import LocalizationMetric, ScoreFile

CONFIG = Path(__file__).parents[2] / 'configs/classifier/classifier_small-conv_1xb32-10e_synthetic.py'


@pytest.fixture
def cfg(tmp_path):
    cfg = Config.fromfile(CONFIG)
    cfg.model.type = 'sltnet_mm.TenCropClassifier'
    cfg.work_dir = str(tmp_path)
    return cfg


@pytest.fixture
def model(cfg):
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    model.head.fc.weight.data.normal_(std=20)  # scores far from equal: mean and softmax do not commute
    return model


def make_samples(crops):
    samples = [DataSample().set_gt_label(0) for _ in crops]
    for sample, ten in zip(samples, crops, strict=True):
        sample.set_field(ten, 'crops', dtype=torch.Tensor)
    return samples


CROPS = torch.randint(0, 256, (3, 10, 3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def test_is_the_mean_of_ten_predictions_of_the_plain_classifier(model, cfg):
    plain = MODELS.build(dict(cfg.model, type='mmpretrain.ImageClassifier')).eval()
    plain.load_state_dict(model.state_dict())
    with torch.no_grad():
        ours = model.test_step(dict(inputs=list(torch.zeros(3, 3, 64, 64).byte()), data_samples=make_samples(CROPS)))
        for sample, ten in zip(ours, CROPS, strict=True):
            alone = plain.test_step(dict(inputs=list(ten), data_samples=[DataSample() for _ in ten]))
            mean = torch.stack([crop.pred_score for crop in alone]).mean(0)
            torch.testing.assert_close(sample.pred_score, mean)
            assert sample.pred_label.tolist() == [int(mean.argmax())]
            assert 'crops' not in sample and sample.gt_label.tolist() == [0]


def test_without_crops_and_in_training_it_is_the_plain_classifier(model, cfg):
    plain = MODELS.build(dict(cfg.model, type='mmpretrain.ImageClassifier')).eval()
    plain.load_state_dict(model.state_dict())
    images = torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        a, b = (each(images, [DataSample() for _ in images], mode='predict') for each in (model, plain))
        torch.testing.assert_close([x.pred_score for x in a], [x.pred_score for x in b])
        assert len(model.predict(images)) == 3
        loss = model(images, make_samples(CROPS), mode='loss')['loss']
        torch.testing.assert_close(loss, plain(images, make_samples(CROPS), mode='loss')['loss'])


def test_a_batch_of_both_kinds_is_refused(model):
    samples = make_samples(CROPS)
    samples[1].pop('crops')
    with pytest.raises(ValueError, match='some samples of the batch have crops'):
        model(torch.zeros(3, 3, 64, 64), samples, mode='predict')


def test_scores_of_a_test_run_are_joined_with_boxes(cfg, model, tmp_path):
    cfg.test_dataloader.dataset.num_images = 14
    cfg.test_dataloader.batch_size = 4
    pipeline = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = [pipeline[0], dict(type='sltnet_mm.TenCrop', resize=72, crop=64)] + [
        dict(step) for step in pipeline[1:]
    ]
    cfg.test_evaluator.append(dict(type='sltnet_mm.DumpScores', out_file=str(tmp_path / 'scores.npz')))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'classifier.pth')
    cfg.load_from = str(tmp_path / 'classifier.pth')
    numbers = Runner.from_cfg(cfg).test()

    # by hand, for one image
    images = SyntheticLocalization(split='test', num_images=14, pipeline=[dict(type='mmcv.LoadImageFromFile')])
    crops = TenCrop(resize=72, crop=64)(images[5])['crops']
    with torch.no_grad():
        inputs = model.data_preprocessor(dict(inputs=torch.from_numpy(crops)))['inputs']
        wanted = model(inputs, mode='tensor').softmax(1).mean(0)
    scores = ScoreFile(tmp_path / 'scores.npz')
    np.testing.assert_allclose(scores.scores_of('5'), wanted, atol=1e-5)
    assert len(scores.rows) == 14 and scores.classes == images.metainfo['classes']

    # another run's boxes, here the true ones: Top-1 LOC is then Top-1 CLS
    metric = LocalizationMetric(score_file=tmp_path / 'scores.npz', sources='box')
    metric.dataset_meta = images.metainfo
    for index in range(14):
        info = images.get_data_info(index)
        boxes = torch.tensor([info['instances'][0]['bbox']])
        sample = dict(
            img_id=info['img_id'],
            ori_shape=(64, 64),
            img_shape=(64, 64),
            homography_matrix=np.eye(3),
            gt_label=torch.tensor([info['gt_label']]),
            gt_instances=dict(bboxes=boxes, labels=torch.tensor([info['gt_label']])),
            pred_instances=dict(bboxes=boxes),
        )
        metric.process({}, [sample])
    joined = metric.evaluate(size=14)
    assert joined['box/sltnet/gt_known'] == 100
    assert joined['cls/top1'] == joined['box/sltnet/top1_loc'] == pytest.approx(numbers['accuracy/top1'])
    assert joined['cls/top5'] == joined['box/sltnet/top5_loc'] == pytest.approx(numbers['accuracy/top5'])
