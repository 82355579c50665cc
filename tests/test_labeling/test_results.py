"""Doubt, choices, box files and reviews on records that are made by hand."""

import json

import numpy as np
import pytest

from sltnet_mm.labeling.choices import LEAST_TRUE, choose, right, true_boxes
from sltnet_mm.labeling.doubt import doubts, signals
from sltnet_mm.labeling.locating import THRESHOLDS, Located, read_located, write_located
from sltnet_mm.labeling.photographs import COLUMNS, Photographs
from sltnet_mm.labeling.results import apply_review, boxes_as_coco, read_review
from sltnet_mm.models.box_source import BoxChoice
from sltnet_mm.structures.box_file import read_box_file, write_box_file

SQUARE = (10.0, 10.0, 50.0, 50.0)
HALF = (10.0, 10.0, 50.0, 30.0)
AWAY = (60.0, 60.0, 90.0, 90.0)


def record(image='a.jpg', regressor=SQUARE, of_map=SQUARE, mirrored=SQUARE, found=True, scores=(0.9, 0.1), label=0):
    maps = of_map if isinstance(of_map, list) else [of_map] * len(THRESHOLDS)
    return Located(image, (100, 100), label, regressor, maps, mirrored, [mirrored] * len(THRESHOLDS), found, *scores)


def test_signals_are_the_overlaps():
    records = [record(), record(regressor=HALF), record(mirrored=HALF), record(scores=(0.1, 0.9))]
    of = signals(records, 'localizer', 0.2)
    assert of['agreement'].tolist() == pytest.approx([1, 0.5, 1, 1])
    assert of['mirror'].tolist() == pytest.approx([1, 1, 0.5, 1])
    assert of['stability'].tolist() == pytest.approx([1, 1, 1, 1])
    assert of['label'].tolist() == pytest.approx([0.9, 0.9, 0.9, 0.1])
    # The regressor's box, against the map's boxes.
    assert signals(records, 'regressor', 0.2)['stability'].tolist() == pytest.approx([1, 0.5, 1, 1])
    assert signals(records, 'regressor', 0.2)['mirror'][1] == pytest.approx(0.5)


def test_the_box_follows_the_threshold():
    boxes = [SQUARE if threshold <= 0.2 else HALF for threshold in THRESHOLDS]
    of = signals([record(of_map=boxes)], 'localizer', 0.2)
    assert of['stability'][0] == pytest.approx((3 * 1 + 2 * 0.5) / 5)  # 0.1 to 0.3
    assert record(of_map=boxes).box('localizer', 0.3) == HALF


def test_no_box_is_the_greatest_doubt():
    whole = record(regressor=(0.0, 0, 100, 100), of_map=(0.0, 0, 100, 100), mirrored=(0.0, 0, 100, 100))
    records = [record(), record(mirrored=HALF), record(found=False), whole]
    doubt = doubts(records, signals(records, 'localizer', 0.2), 'localizer', 0.2)
    assert 0 <= doubt[0] < doubt[1] < doubt[2] == doubt[3] == 1


def test_the_regressors_agreement_counts_for_its_own_boxes_only():
    records = [record(), record(of_map=HALF)]
    of = {name: np.array([1.0, 1.0]) for name in ('mirror', 'stability', 'label')} | dict(agreement=np.array([1, 0.5]))
    assert doubts(records, of, 'localizer', 0.2).tolist() == [0, 0]
    assert doubts(records, of, 'regressor', 0.2).tolist() == pytest.approx([0, 0.125])


def test_records_come_back_from_their_file(tmp_path):
    records = [record('cat/ä\n.jpg'), record(found=False)]
    write_located(records, tmp_path / 'located.jsonl')
    assert read_located(tmp_path / 'located.jsonl') == records


def photographs_with(boxes):
    rows = [dict(zip(COLUMNS, (image, 'cat', 'val', *map(str, box)), strict=True)) for image, box in boxes.items()]
    return Photographs(None, rows)


def test_true_boxes_choose_part_and_threshold():
    boxes = [SQUARE if threshold >= 0.4 else AWAY for threshold in THRESHOLDS]
    records = [record(f'{i}.jpg', regressor=AWAY, of_map=boxes) for i in range(LEAST_TRUE)]
    true = true_boxes(photographs_with({f'{i}.jpg': SQUARE for i in range(LEAST_TRUE)}), 'val')
    choice = choose(records, BoxChoice('regressor', 'trained so'), true)
    assert (choice.source, choice.threshold) == ('localizer', 0.4)
    assert choice.reasons[0].endswith('localizer 100.0 %, regressor 0.0 %')
    assert right(records, 'localizer', 0.2, true).sum() == 0
    few = choose(records[1:], BoxChoice('regressor', 'trained so'), true)
    assert (few.source, few.threshold) == ('regressor', 0.2) and 'trained so' in few.reasons[0]
    assert f'{LEAST_TRUE - 1} images with true boxes' in few.reasons[1]
    assert 'no true boxes' in choose(records, BoxChoice('localizer', 'x'), {}).reasons[1]


@pytest.fixture
def coco():
    records = [record('a.jpg'), record('b.jpg', of_map=HALF, label=1), record('c.jpg', found=False)]
    choice = choose(records, BoxChoice('localizer', 'x'), {})
    return boxes_as_coco(records, choice, ('cat', 'dog'), dict(data_root='photographs'))


def test_the_boxes_are_a_box_file(coco, tmp_path):
    write_box_file(tmp_path / 'boxes.json', coco)
    file = read_box_file(tmp_path / 'boxes.json')
    assert file.classes == ('cat', 'dog') and file.info['source'] == 'localizer'
    np.testing.assert_allclose(file.boxes[:2], [SQUARE, HALF])
    assert np.isnan(file.boxes[2]).all() and file.info['images_without_box'] == ['c.jpg']
    first, second, third = (image['doubt'] for image in coco['images'])
    assert first < second < third == 1
    assert coco['annotations'][0]['score'] == 1 and coco['annotations'][0]['label_score'] == 0.9


def review_of(coco, **decisions):
    names = {name.replace('_', '.'): decision for name, decision in decisions.items()}
    return dict(format='sltnet-review', version=1, run=coco['info']['run'], decisions=names)


def test_a_review_keeps_drops_and_redraws(coco, tmp_path):
    redrawn = dict(state='redraw', box=[1, 2, 31, 42.5])
    review = review_of(coco, a_jpg=dict(state='keep'), b_jpg=dict(state='drop'), c_jpg=redrawn)
    (tmp_path / 'review.json').write_text(json.dumps(review))
    before = json.dumps(coco)
    merged = apply_review(coco, read_review(tmp_path / 'review.json'))
    assert json.dumps(coco) == before
    kept, new = merged['annotations']
    assert kept['review'] == 'keep' and kept['bbox'] == coco['annotations'][0]['bbox'] and kept['id'] == 1
    assert new['bbox'] == [1, 2, 30, 40.5] and new['category_id'] == 0 and new['image_id'] == 2 and new['id'] == 2
    assert 'score' not in new and merged['info']['images_dropped'] == ['b.jpg'] and merged['info']['reviewed'] == 3
    write_box_file(tmp_path / 'reviewed.json', merged)
    assert np.isnan(read_box_file(tmp_path / 'reviewed.json').boxes[1]).all()


def test_boxes_that_were_not_looked_at_stay(coco):
    merged = apply_review(coco, review_of(coco))
    assert merged['annotations'] == coco['annotations'] and not any('review' in each for each in merged['annotations'])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda review: review.update(run='another'), r'of other boxes \(run another\)'),
        (lambda review: review['decisions'].update({'z.jpg': dict(state='keep')}), "image 'z.jpg', which has no box"),
        (lambda review: review['decisions'].update({'a.jpg': dict(state='maybe')}), "state 'maybe' of 'a.jpg'"),
        (
            lambda review: review['decisions'].update({'a.jpg': dict(state='redraw', box=[5, 5, 200, 9])}),
            'expected x1, y1, x2, y2 inside the image, 100 x 100',
        ),
        (lambda review: review['decisions'].update({'a.jpg': dict(state='redraw')}), "'a.jpg' as None"),
    ],
)
def test_reviews_that_do_not_fit_are_refused(coco, change, message):
    review = review_of(coco)
    change(review)
    with pytest.raises(ValueError, match=message):
        apply_review(coco, review)


def test_other_files_are_no_reviews(tmp_path):
    with pytest.raises(FileNotFoundError, match='save it on the page'):
        read_review(tmp_path / 'none.json')
    for text in ('{', '[]', '{"format": "coco"}'):
        (tmp_path / 'x.json').write_text(text)
        with pytest.raises(ValueError, match='not a review'):
            read_review(tmp_path / 'x.json')


def test_another_run_has_another_name(coco):
    records = [record('a.jpg', regressor=HALF)]
    other = boxes_as_coco(records, choose(records, BoxChoice('regressor', 'x'), {}), ('cat', 'dog'), {})
    assert other['info']['run'] != coco['info']['run'] and len(other['info']['run']) == 16
