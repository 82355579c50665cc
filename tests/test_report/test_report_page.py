import base64
import re
from html.parser import HTMLParser

import cv2
import jinja2
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample

from sltnet_mm.report import ImageTiles, Report, ResultRow, Tile, line_chart, render_page, write_report
from sltnet_mm.report.templating import render_template

VOID = {'meta', 'img', 'br'}  # the elements without an end tag that a page uses


class Page(HTMLParser):
    """Checks that elements nest, and collects what a test asks for."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts = [], [], []
        self.feed(page)
        self.close()
        assert not self.open, f'never closed: {self.open}'

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def report_of(**changes):
    tiles = [
        Tile(np.full((20, 30, 3), (200, 40, 90), np.uint8), ('bird', 'IoU 0.41: wrong')),
        Tile(np.zeros((20, 30, 3), np.uint8)),
    ]
    values = dict(
        title='Run',
        summary=['What this is.', 'More.'],
        rows=[
            ResultRow('plain CAM', 'its map', dict(gt_known=51.25, top1_loc=40.0, max_box_acc_v2=43.77)),
            ResultRow('regressor', 'its box', dict(gt_known=49.9, top1_loc=40.04)),
        ],
        table_notes=['no clear difference'],
        picture_note='The first images.',
        columns=('image', 'map'),
        pictures=[tiles, tiles],
        curves={'SLT-Net': {'loss_smt': ([10, 20, 30], [2.0, 1.5, 1.0]), 'loss_vst': ([10, 20], [0.2, 0.1])}},
        facts={'Seed': '3', 'Command': 'python tools/demo.py'},
    )
    return Report(**{**values, **changes})


def test_everything_is_on_the_page():
    page = Page(render_page(report_of()))
    text = '\n'.join(page.texts)
    for part in (
        'Run',
        'What this is.',
        'More.',
        'plain CAM',
        'its map',
        '51.2',
        '40.0',
        '43.8',
        '49.9',
        'no clear difference',
        'The first images.',
        'IoU 0.41: wrong',
        'loss_smt',
        'loss_vst',
        'python tools/demo.py',
        'MaxBoxAccV2',
    ):
        assert part in text, part
    assert len(page.all('img')) == 4 and len(page.all('svg')) == 2
    assert len(page.all('tr')) == 3


def test_the_best_of_each_column_is_marked_and_a_missing_number_is_a_dash():
    page = render_page(report_of())
    cells = re.findall(r'<td( class="best")?>([^<]*)</td>', page)
    assert [(text, bool(best)) for best, text in cells] == [
        ('51.2', True),
        ('40.0', True),
        ('43.8', True),
        ('49.9', False),
        ('40.0', True),
        ('-', False),
    ]


def test_columns_without_a_number_are_left_out():
    page = render_page(report_of(rows=[ResultRow('CAM', '', dict(gt_known=1.0))]))
    assert 'MaxBoxAccV2' not in page and 'Top-5 CLS' not in page and 'GT-known' in page


def test_texts_are_escaped():
    evil = '<script>alert("1")</script>&\'"'
    tile = Tile(np.zeros((4, 4, 3), np.uint8), (evil,))
    rows, curves = [ResultRow(evil, evil, dict(gt_known=1.0))], {evil: {evil: ([1], [1.0])}}
    page = Page(render_page(Report(evil, [evil], rows, [evil], evil, (evil,), [[tile]], curves, {evil: evil})))
    assert not page.all('script')
    assert ''.join(page.texts).count(evil) >= 11
    assert page.all('img')[0]['alt'] == f'{evil}, {evil}'


def test_a_class_name_is_text(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.zeros((8, 8, 3), np.uint8))
    sample = DataSample(metainfo=dict(img_path=path, ori_shape=(8, 8))).set_gt_label(0)
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[1.0, 1, 5, 5]]))
    tile = ImageTiles(sample, ['<script>alert(1)</script>']).truth()
    page = render_page(report_of(columns=('image',), pictures=[[tile]]))
    assert '<script' not in page and '<br>&lt;script&gt;alert(1)&lt;/script&gt;</figcaption>' in page


def test_template_values_must_be_given():
    with pytest.raises(jinja2.UndefinedError, match='title'):
        render_template('layout.html')


def test_the_page_asks_for_nothing_outside():
    page = Page(render_page(report_of()))
    for tag, attrs in page.elements:
        assert tag not in ('script', 'link', 'iframe', 'object')
        for name in ('src', 'href', 'srcset', 'data'):
            assert attrs.get(name, 'data:').startswith('data:')
    assert not re.search(r'https?:|url\(|@import', render_page(report_of()))


def test_it_adapts_to_phones_and_dark_mode():
    page = render_page(report_of())
    assert 'name="viewport"' in page and 'prefers-color-scheme: dark' in page and 'max-width: 40rem' in page


def test_pictures_survive_the_embedding():
    page = Page(render_page(report_of()))
    source = page.all('img')[0]['src']
    content = base64.b64decode(source.removeprefix('data:image/jpeg;base64,'))
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert image.shape == (20, 30, 3)
    assert np.abs(image.astype(int) - (200, 40, 90)).max() <= 3
    assert (page.all('img')[0]['width'], page.all('img')[0]['height']) == ('30', '20')


def test_writing_creates_the_folder(tmp_path):
    path = write_report(report_of(title='Größe'), tmp_path / 'new' / 'report.html')
    assert path.read_text(encoding='utf-8') == render_page(report_of(title='Größe'))


def test_impossible_reports_are_rejected():
    with pytest.raises(ValueError, match='must have at least one row'):
        report_of(rows=[])
    with pytest.raises(ValueError, match='2 tiles for 3 columns'):
        report_of(columns=('a', 'b', 'c'))


def points_of(svg):
    return np.array([[float(v) for v in point.split(',')] for point in re.search(r'points="([^"]*)"', svg)[1].split()])


def test_charts_are_to_scale():
    steps, values = [10, 20, 40, 110], [4.0, 1.0, 3.0, 2.0]
    points = points_of(line_chart('loss', steps, values))
    np.testing.assert_allclose(np.interp(points[:, 0], points[[0, -1], 0], steps[::3]), steps, atol=0.1)
    slope = (points[1, 1] - points[0, 1]) / (values[1] - values[0])
    np.testing.assert_allclose(points[:, 1], points[0, 1] + slope * (np.array(values) - 4), atol=0.1)
    assert slope < 0  # y grows downwards in SVG
    assert (points >= 0).all() and (points[:, 0] <= 260).all() and (points[:, 1] <= 130).all()


def test_charts_show_zero_and_work_with_few_values():
    assert '>0</text>' in line_chart('loss', [1, 2], [3.0, 2.9])
    assert len(points_of(line_chart('flat', [1, 2, 3], [0.0, 0.0, 0.0]))) == 3
    assert len(points_of(line_chart('one', [5], [1.0]))) == 1
    assert len(points_of(line_chart('gaps', [1, 2, 3], [1.0, float('nan'), 2.0]))) == 2
    with pytest.raises(ValueError, match='at least one value must be finite'):
        line_chart('nan', [1], [float('nan')])
    with pytest.raises(ValueError, match='the same length, got 2 and 1'):
        line_chart('loss', [1, 2], [1.0])
