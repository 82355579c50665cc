import pytest

from sltnet_mm.report import COLUMNS, ResultRow, best_row, compare, result_row, text_table

METRICS = {
    'cls/top1': 80.0,
    'cls/top5': 95.0,
    'map/sltnet/gt_known': 50.0,
    'map/sltnet/top1_loc': 40.0,
    'map/sltnet/top5_loc': 48.0,
    'map/wsolevaluation/max_box_acc_v2': 47.0,
    'map/wsolevaluation/gt_known': 12.0,
    'box/sltnet/gt_known': 60.0,
    'box/sltnet/top1_loc': 51.0,
    'box/sltnet/top5_loc': 57.0,
    'center/sltnet/gt_known': 45.0,
}


def test_rows_take_the_numbers_of_their_source_and_protocol():
    assert result_row('a', '', METRICS, 'map').numbers == dict(
        gt_known=50.0, top1_loc=40.0, top5_loc=48.0, cls_top1=80.0, cls_top5=95.0, max_box_acc_v2=47.0
    )
    assert result_row('a', '', METRICS, 'box').numbers == dict(
        gt_known=60.0, top1_loc=51.0, top5_loc=57.0, cls_top1=80.0, cls_top5=95.0
    )
    assert result_row('a', '', METRICS, 'center').numbers == dict(gt_known=45.0, cls_top1=80.0, cls_top5=95.0)
    assert result_row('a', '', METRICS, 'map', 'wsolevaluation').numbers['gt_known'] == 12.0
    assert set(result_row('a', '', METRICS, 'map').numbers) == {column.key for column in COLUMNS}


def test_a_source_that_was_not_evaluated_is_named():
    with pytest.raises(KeyError, match='box/tscam/gt_known.*source .box. and protocol .tscam.'):
        result_row('a', '', METRICS, 'box', 'tscam')


def test_table_lines_up():
    rows = [result_row('plain', '', METRICS, 'map'), result_row('a long name', '', METRICS, 'center')]
    lines = text_table(rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split('  ')[-1] == 'MaxBoxAccV2'
    assert lines[1].split() == ['plain', '50.0', '40.0', '48.0', '80.0', '95.0', '47.0']
    assert lines[2].split() == ['a', 'long', 'name', '45.0', '-', '-', '80.0', '95.0', '-']


@pytest.mark.parametrize(
    ('ours', 'other', 'images', 'said'),
    [
        (60.0, 50.0, 400, '10.0 points better'),
        (50.0, 60.0, 400, '10.0 points worse'),
        (60.0, 50.0, 100, 'no clear difference'),
        (50.0, 50.0, 10**6, 'no clear difference'),
        (50.2, 50.0, 10**6, '0.2 points better'),
    ],
)
def test_a_difference_counts_beyond_chance_only(ours, other, images, said):
    rows = [ResultRow('SLT-Net', '', dict(gt_known=ours)), ResultRow('CAM', '', dict(gt_known=other))]
    sentence = compare(*rows, images)
    assert said in sentence
    assert f'SLT-Net {ours:.1f} against CAM {other:.1f}' in sentence


def test_two_standard_errors_of_two_shares():
    # sqrt(.6 * .4 / 400 + .5 * .5 / 400) = .035, twice that is 7.0 points
    rows = [ResultRow('a', '', dict(top1_loc=60.0)), ResultRow('b', '', dict(top1_loc=50.0))]
    assert compare(*rows, 400, 'top1_loc') == (
        'Top-1 LOC: a 60.0 against b 50.0, 10.0 points better (two standard errors: 7.0 points).'
    )


def test_best_row_ignores_rows_without_the_number():
    rows = [
        ResultRow('a', '', dict(gt_known=1.0)),
        ResultRow('b', '', {}),
        ResultRow('c', '', dict(gt_known=3.0)),
        ResultRow('d', '', dict(gt_known=3.0)),
    ]
    assert best_row(rows).name == 'c'
