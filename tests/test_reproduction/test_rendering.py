"""A table in its three forms: what is the paper's, what is ours, what is neither."""

import csv
import io
from dataclasses import replace

import pytest

from reproduction import RunFolders, Settings, table
from reproduction.rendering import Rendering
from reproduction.results import MeasuredRow, measure
from reproduction.runs import code_fingerprint, write_json


def result(gt_known, seed, **changes):
    metrics = {'map/sltnet/gt_known': gt_known, 'cls/top1': 80.0, 'map/wsolevaluation-v2-acam/max_box_acc_v2': 61.25}
    facts = dict(device='CPU', date='2026-01-02', torch='2.0', seconds=90.0, code=code_fingerprint(), seed=seed)
    return dict(metrics=metrics, commands=[f'python tools/train.py seed{seed}'], **facts) | changes


@pytest.fixture
def shown(tmp_path):
    """Table 5 with two seeds of its first row and one of the second, on photos31 and as if on CUB."""

    def make(dataset='photos31', settings=Settings(), **changes):  # noqa: B008  (frozen)
        of = table(5, dataset)
        folders = RunFolders(tmp_path, settings)
        for row, values in zip(of.rows, ((50.0, 52.5), (80.0,)), strict=False):
            for seed, value in enumerate(values):
                write_json(folders.run(row.step, seed).folder / 'results.json', result(value, seed, **changes))
        return Rendering(of, measure(of, folders, [0, 1]), folders)

    return make


def cells_of(rendering):
    lines = [line for line in rendering.markdown().splitlines() if line.startswith('|')]
    heads, _, *rows = ([cell.strip() for cell in line.strip('|').split('|')] for line in lines)
    assert all(len(row) == len(heads) for row in rows)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_paper_ours_difference_and_seeds_on_the_papers_data(shown):
    first, second, third, *_ = cells_of(shown('cub'))
    assert first['GT-known: paper (CUB-200-2011)'] == '58.0' and first['ours (cub)'] == '51.2'
    assert first['difference'] == '-6.8' and first['each seed'] == '50.0, 52.5' and first['state'] == 'done'
    assert second['difference'] == '+5.7' and second['state'] == '1 done, 1 missing'
    assert second['MaxBoxAccV2: ours'] == '61.2' and second['Top-1 CLS: ours'] == '80.0'
    assert third['GT-known: paper (CUB-200-2011)'] == '75.7' and third['ours (cub)'] == third['difference'] == '-'
    assert third['state'] == 'missing' and third['each seed'] == '-'


def test_other_data_sets_show_gains_instead_of_differences(shown):
    rendering = shown()
    first, second, third, *_ = cells_of(rendering)
    assert 'difference' not in first and first['gain over the first row: paper / ours'] == '-'
    assert second['gain over the first row: paper / ours'] == '+16.3 / +28.8'
    assert third['gain over the first row: paper / ours'] == '+17.7 / -'
    assert 'for CUB-200-2011, ours for photos31 (31 classes; squeezenet1-1 instead of VGG16)' in rendering.notes[0]
    assert not any('ours for' in note for note in shown('cub').notes)


def test_steps_without_seed_are_measured_once(tmp_path):
    of, folders = table(6, 'cub').only(['DDT-VGG16']), RunFolders(tmp_path, Settings())
    metrics = {'box/sltnet/gt_known': 84.0}
    write_json(folders.run(of.rows[0].step, 0).folder / 'results.json', result(0, None, metrics=metrics))
    (row,) = measure(of, folders, [0, 1, 2])
    assert row.values('gt_known') == [84.0] and row.state == 'done'


def test_csv_has_one_line_per_number(shown):
    lines = list(csv.DictReader(io.StringIO(shown('cub').csv())))
    first = next(line for line in lines if line['row'] == 'CAM' and line['number'] == 'gt_known')
    assert (first['paper'], first['ours'], first['difference']) == ('58.00', '51.25', '-6.75')
    assert (first['seeds'], first['values'], first['device']) == ('0 1', '50.00 52.50', 'CPU')
    assert first['commands'] == 'python tools/train.py seed0'
    assert len([line for line in lines if line['number'] == 'gt_known']) == 6
    other = list(csv.DictReader(io.StringIO(shown('photos31').csv())))
    assert all(line['difference'] == '' for line in other) and other[0]['our_dataset'] == 'photos31'


def test_rows_of_other_methods_have_no_number_of_ours(tmp_path):
    of = table(1, 'cub')
    rows = measure(of, RunFolders(tmp_path, Settings()), [0])
    for row in cells_of(Rendering(of, rows, RunFolders(tmp_path, Settings()))):
        if row['state'] == 'paper only':
            assert row['config'] == row['ours (cub)'] == '-'
    assert sum(row.state == 'paper only' for row in rows) == 0
    only = measure(table(4, 'ilsvrc'), RunFolders(tmp_path, Settings()), [0])
    assert [row.row.name for row in only if row.state == 'paper only'] == ['InceptionV3-DANet']


def test_notes_tell_how_our_numbers_were_made(shown):
    (said,) = [note for note in shown('cub').notes if note.startswith('Seeds')]
    assert said.startswith('Seeds 0, 1; CPU; torch 2.0; 2026-01-02;') and 'for 3 runs' in said
    changed = shown('cub', Settings(epochs=1, cfg_options={'model.head.top_k': 2})).notes
    assert any('model.head.top_k=2, 1 epochs' in note for note in changed)
    assert not any('Changed' in note for note in shown('cub').notes)
    resumed = shown('cub', resumed_from='epoch_2.pth', code='before').notes
    assert 'CAM: seeds 0, 1 were interrupted and resumed.' in resumed
    assert "CAM: seeds 0, 1 were run with another version of the package's code." in resumed
    missing = Rendering(
        of := table(5, 'synthetic'), [MeasuredRow(of.rows[1], 'no config', {}, {})], RunFolders('', Settings())
    )
    assert (
        'no config; configs/localizer/cam_small-conv_new-optimization_synthetic.py does not exist.' in missing.notes[-1]
    )


def test_notes_say_that_l_vst_is_not_the_papers(tmp_path):
    folders = RunFolders(tmp_path, Settings())
    for number, rows, said in (
        (5, ['CAM', '3'], False),
        (5, ['all'], True),
        (1, ['SLT-Net'], True),
        (1, ['PSOL'], False),
    ):
        of = table(number, 'cub').only(rows)
        notes = Rendering(of, measure(of, folders, [0]), folders).notes
        assert any('L_VST' in note for note in notes) == said, rows


def test_notes_include_earlier_runs_and_count_each_run_once(tmp_path):
    of = table(1, 'photos31').only(['VGG16-SLT-Net'])
    of = replace(of, rows=[replace(of.rows[0], source='map'), replace(of.rows[0], name='the same', source='map')])
    folders = RunFolders(tmp_path, Settings())
    regressor = folders.run(of.rows[0].step, 0)
    for run in regressor.chain():
        early = run != regressor
        changes = dict(resumed_from='epoch_1.pth', code='before') if early and run.step.tool == 'train' else {}
        write_json(run.folder / 'results.json', result(80.0, 0, **changes))
    assert len(list(regressor.chain())) == 3
    said = Rendering(of, measure(of, folders, [0]), folders).notes
    assert any('for 3 runs' in note and ' 4 minutes' in note for note in said)  # 3 times 90 s
    for sentence in ('seeds 0 were interrupted', 'seeds 0 were run with another version'):
        assert [note.split(':')[0] for note in said if sentence in note] == ['VGG16-SLT-Net', 'the same']


def test_html_is_self_contained_and_escaped(shown, tmp_path):
    rendering = shown('cub')
    picture = tmp_path / 'figure.png'
    picture.write_bytes(b'PNG')
    rendering.pictures = [picture]
    rendering.table = replace(rendering.table, about='<b>')
    page = rendering.html()
    assert '&lt;b&gt;' in page and '<b>' not in page and 'src="data:image/png;base64,UE5H"' in page
    assert 'http' not in page and '<script' not in page and '51.2' in page


def test_html_escapes_everything_that_it_is_given(shown):
    evil = '<script>alert("1")</script>'
    rendering = shown('cub')
    rendering.table = replace(rendering.table, about=evil)
    rendering.rows = [replace(row, row=replace(row.row, name=evil)) for row in rendering.rows]
    rendering.notes, rendering.commands = [evil], [(evil, (evil,))]
    page = rendering.html()
    assert '<script' not in page
    assert page.count('&lt;script&gt;') == 2 + len(rendering.rows) + 3  # title twice, rows, a note, a command's two


def test_files(shown, tmp_path):
    written = shown().write(tmp_path / 'new')
    assert [path.name for path in written] == [f'table5_photos31.{ending}' for ending in ('md', 'csv', 'html')]
    assert written[0].read_text().startswith('# Table 5: ablation of the localizer')
