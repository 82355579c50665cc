"""Scores of one run joined with the boxes of another, by image."""

import pickle

import numpy as np
import pytest
import torch
from test_localization_metric import evaluate, make_sample

from sltnet_mm.evaluation import DumpScores, LocalizationMetric, ScoreFile

BOX, GT = (0, 0, 4, 4), ((0, 0, 4, 4),)
SCORES = dict(a=(0.1, 0.7, 0.2), b=(0.5, 0.3, 0.2), c=(0.2, 0.2, 0.6))


def dump(path, scores=SCORES, classes=('x', 'y', 'z')):
    metric = DumpScores(path)
    if classes:
        metric.dataset_meta = dict(classes=classes)
    metric.process({}, [dict(img_id=name, pred_score=torch.tensor(value)) for name, value in scores.items()])
    assert metric.evaluate(size=len(scores)) == {}
    return path


def samples(names='cab', scores=None):
    return [make_sample(name, box=BOX, gt=GT, label=1, scores=scores) for name in names]


def test_file_scores_are_joined_by_image_in_any_order(tmp_path):
    path = dump(tmp_path / 'deep' / 'scores.npz')
    numbers = evaluate(samples(), score_file=path)
    assert numbers['cls/top1'] == numbers['box/sltnet/top1_loc'] == pytest.approx(100 / 3)  # a alone is right
    assert numbers['box/sltnet/gt_known'] == 100


def test_they_take_the_place_of_the_models_own(tmp_path):
    right = (0.0, 1.0, 0.0)
    assert evaluate(samples(scores=right))['cls/top1'] == 100
    numbers = evaluate(samples(scores=right), score_file=dump(tmp_path / 'scores.npz'))
    assert numbers['cls/top1'] == pytest.approx(100 / 3)


def test_the_prediction_itself_is_left_alone(tmp_path):
    sample = samples('a', scores=(1.0, 0.0, 0.0))[0]
    evaluate([sample], score_file=dump(tmp_path / 'scores.npz', dict(a=SCORES['a'])))
    assert sample['pred_score'].tolist() == [1, 0, 0]  # other metrics read it


def test_mmengines_dump_is_read_too_if_it_is_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv('SLTNET_TRUST_FILES', '1')
    dumped = [dict(img_id=name, pred_score=torch.tensor(value)) for name, value in SCORES.items()]
    (tmp_path / 'out.pkl').write_bytes(pickle.dumps(dumped))
    dump(tmp_path / 'scores.npz')
    assert evaluate(samples(), score_file=tmp_path / 'out.pkl') == evaluate(
        samples(), score_file=tmp_path / 'scores.npz'
    )


def test_unmatched_images_are_named_both_ways(tmp_path):
    path = dump(tmp_path / 'scores.npz')
    with pytest.raises(KeyError, match="image 'd' is not among the 3 images of .*scores.npz"):
        evaluate(samples('abcd'), score_file=path)
    with pytest.raises(ValueError, match=r"1 images of .*scores.npz were not evaluated, such as \['b'\]"):
        evaluate(samples('ac'), score_file=path)


def test_scores_of_other_classes_are_refused(tmp_path):
    metric = LocalizationMetric(score_file=dump(tmp_path / 'scores.npz'))
    metric.dataset_meta = dict(classes=('x', 'z', 'y'))
    with pytest.raises(ValueError, match='scores.npz has 3 classes'):
        metric.process({}, samples())
    metric = LocalizationMetric(score_file=dump(tmp_path / 'unnamed.npz', classes=None))
    metric.dataset_meta = dict(classes=('x', 'z', 'y'))
    metric.process({}, samples())  # names that the file does not hold cannot be compared, but their number can
    metric.dataset_meta = dict(classes=('x', 'z', 'y', 'w'))
    with pytest.raises(ValueError, match='unnamed.npz has scores for 3 classes, but the evaluated data has 4'):
        metric.process({}, samples())
    metric = LocalizationMetric(score_file=dump(tmp_path / 'two.npz', dict(a=(0.5,)), classes=None))
    with pytest.raises(ValueError, match="image 'a'"):
        metric.process({}, samples('a'))


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match='--out-scores'):
        ScoreFile(tmp_path / 'none.npz')
    with pytest.raises(ValueError, match='must end in .npz'):
        DumpScores('scores.pkl')
    for name, content in (('a.npz', b'no zip'), ('a.pkl', b''), ('a.csv', b'a,1'), ('b.pkl', pickle.dumps([{}]))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f'scores: .*{name} must be'):
            ScoreFile(tmp_path / name, trust=True)
    np.savez(tmp_path / 'c.npz', img_id=['a', 'b'], scores=np.ones((3, 2)), classes=[])
    with pytest.raises(ValueError, match=r'2 images, but scores of shape \(3, 2\)'):
        ScoreFile(tmp_path / 'c.npz')
    np.savez(tmp_path / 'd.npz', img_id=['a', 'a'], scores=np.ones((2, 2)), classes=[])
    with pytest.raises(ValueError, match='an image twice'):
        ScoreFile(tmp_path / 'd.npz')
    with pytest.raises(ValueError, match='occurs twice'):
        metric = DumpScores(tmp_path / 'e.npz')
        metric.process({}, [dict(img_id='a', pred_score=torch.ones(2))] * 2)
        metric.evaluate(size=2)
