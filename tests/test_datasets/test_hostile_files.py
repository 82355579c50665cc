"""Annotation files that try to reach what is not theirs, or to exhaust the reader: refused, with the file named."""

import io
import json
import os
import runpy
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from layouts import box_xml, write_image, write_lines, write_text

from sltnet_mm.datasets import CUBLocalization, LocalizationCSV, LocalizationList
from sltnet_mm.datasets.box_xml import parse_xml, read_box_xml
from sltnet_mm.evaluation import load_score_maps
from sltnet_mm.evaluation.tables import read_table
from sltnet_mm.evaluation.threshold_file import read_thresholds
from sltnet_mm.structures.box_file import read_box_file

ROOT = Path(__file__).parents[2]
CLIMBING = ('../outside.jpg', 'x/../../outside.jpg', '/etc/outside.jpg', 'x/a\0b.jpg')


@pytest.mark.parametrize('name', CLIMBING)
def test_paths_that_leave_the_data_root(csv_root, list_root, cub_root, name):
    def refused(make):
        with pytest.raises(ValueError, match='leaves the folder|null character|UTF-8 text file, but binary') as error:
            make()
        return str(error.value)

    write_lines(csv_root / 'one.csv', 'image,label', 'a.jpg,wren', f'{name},wren')
    assert 'one.csv' in refused(lambda: LocalizationCSV(str(csv_root), 'one.csv'))
    lists = list_root / 'metadata'
    for split in ('train', 'test'):
        write_lines(lists / split / 'image_ids.txt', name)
        write_lines(lists / split / 'class_labels.txt', f'{name},0')
        assert split in refused(lambda split=split: LocalizationList(str(list_root), 'metadata', 'images', split))
    write_lines(lists / 'test/image_ids.txt', 'x/b.jpg')
    write_lines(lists / 'test/class_labels.txt', 'x/b.jpg,0')
    write_lines(lists / 'test/localization.txt', 'x/b.jpg,1,2,11,12')
    for line in (f'x/b.jpg,{name},', f'x/b.jpg,x/b.png,{name}'):
        write_lines(lists / 'test/localization_masks.txt', line)
        assert 'localization_masks.txt' in refused(
            lambda: LocalizationList(str(list_root), 'metadata', 'images', 'test', mask_dir='masks')
        )
    write_lines(cub_root / 'images.txt', f'1 {name}')
    assert 'images.txt' in refused(lambda: CUBLocalization(str(cub_root)))
    with pytest.raises(ValueError, match='a path below the folder of maps|null|not an array'):
        if '\0' in name:
            raise ValueError('null')  # lists with it are refused before
        next(load_score_maps(list_root, [name]))


def test_paths_below_the_data_root_may_be_complete_or_roundabout(csv_root, monkeypatch):
    complete = csv_root / 'a.jpg'
    write_lines(csv_root / 'one.csv', 'image,label', f'{complete},wren', 'sub/../b.jpg,wren', 'sub/..c.png,wren')
    dataset = LocalizationCSV(str(csv_root), 'one.csv')
    assert dataset.get_data_info(0)['img_path'] == str(complete)
    monkeypatch.chdir(csv_root.parent)
    assert len(LocalizationCSV(csv_root.name, 'one.csv')) == 3
    anywhere = LocalizationCSV('', str(csv_root / 'one.csv'))
    assert anywhere.get_data_info(0)['img_path'] == str(complete)


def test_a_link_to_another_disk_is_the_users_own(csv_root, tmp_path):
    write_image(tmp_path / 'disk/e.jpg')
    os.symlink(tmp_path / 'disk', csv_root / 'linked')
    write_lines(csv_root / 'one.csv', 'image,label', 'linked/e.jpg,wren')
    assert 'img_path' in LocalizationCSV(str(csv_root), 'one.csv')[0]


LAUGHS = ''.join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))


@pytest.mark.parametrize(
    'declaration',
    [
        f'<!DOCTYPE annotation [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE annotation [<!ENTITY l11 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE annotation SYSTEM "http://127.0.0.1:9/boxes.dtd">',
    ],
)
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16'])
def test_xml_with_entities(tmp_path, declaration, encoding):
    text = box_xml([('bird', 1, 2, 11, 12)]).replace('>bird<', '>&l11;<' if 'l11' in declaration else '>bird<')
    (tmp_path / 'a.xml').write_text(f'<?xml version="1.0" encoding="{encoding}"?>{declaration}{text}', encoding)
    with pytest.raises(ValueError, match='a.xml: a box file has no document type'):
        read_box_xml(str(tmp_path / 'a.xml'))
    (tmp_path / 'b.xml').write_text(
        f'<?xml version="1.0" encoding="{encoding}"?>{text.replace("&l11;", "bird")}', encoding
    )
    assert read_box_xml(str(tmp_path / 'b.xml')).names == ('bird',)


def test_deep_xml(tmp_path):
    write_text(tmp_path / 'a.xml', '<a>' * 200_000 + '</a>' * 200_000)
    with pytest.raises(ValueError, match='a.xml'):
        read_box_xml(str(tmp_path / 'a.xml'))
    assert parse_xml(tmp_path / 'a.xml').tag == 'a'


@pytest.mark.parametrize('read', [read_box_file, read_thresholds])
@pytest.mark.parametrize(
    'text', ['[' * 100_000, '{"a":' * 100_000, '[' * 100_000 + ']' * 100_000, '{"images": [', '\xff', '[1, 2]', '7', '']
)
def test_deep_and_other_json(tmp_path, read, text):
    path = tmp_path / 'deep.json'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(ValueError, match='deep.json'):
        read(path)


def test_thresholds_are_fractions(tmp_path):
    for value in ('NaN', 'Infinity', '-0.1', '1.5', '1e999', '[0.2]', '"x"', '1' + '0' * 400):
        write_text(tmp_path / 'thresholds.json', f'{{"sltnet": {value}}}')
        with pytest.raises(ValueError, match='thresholds.json'):
            read_thresholds(tmp_path / 'thresholds.json')


def test_tables_of_other_kinds(tmp_path):
    pytest.importorskip('pyarrow')
    (tmp_path / 'a.parquet').write_bytes(b'PAR1 nothing PAR1')
    for name, content in (('a.csv', b'image,iou\nb,1,2\n'), ('b.csv', b'image,iou\nb\n'), ('c.csv', b'\xff\xfeimage')):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            read_table(tmp_path / name)
    with pytest.raises(ValueError, match='a.parquet'):
        read_table(tmp_path / 'a.parquet')


@pytest.mark.parametrize('kind', ['tar', 'zip'])
@pytest.mark.parametrize('member', ['CUB_200_2011/images/../../../climbed.jpg', 'CUB_200_2011/images//climbed.jpg'])
def test_archive_members_stay_in_the_folder(tmp_path, monkeypatch, capsys, kind, member):
    """Names that climb, also behind a pattern of the data set, are refused or not unpacked; links are not made."""
    archive, out = tmp_path / f'CUB.{kind}', tmp_path / 'deep/out'
    if kind == 'tar':
        with tarfile.open(archive, 'w') as tar:
            link = tarfile.TarInfo('CUB_200_2011/images/001.Albatross')
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
            tar.addfile(link)
            info = tarfile.TarInfo(member)
            info.size = 4
            tar.addfile(info, io.BytesIO(b'evil'))
    else:
        with zipfile.ZipFile(archive, 'w') as packed:
            packed.writestr(member, 'evil')
    monkeypatch.setattr(sys, 'argv', ['prepare_cub.py', str(archive), '--out', str(out)])
    monkeypatch.syspath_prepend(str(ROOT / 'tools/dataset_converters'))
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools/dataset_converters/prepare_cub.py'), run_name='__main__')
    inside = {path for path in tmp_path.rglob('*') if path.is_relative_to(out)}
    assert set(tmp_path.rglob('*')) - inside == {archive, *([out.parent, out] if out.exists() else [])}
    assert not any(path.is_symlink() for path in tmp_path.rglob('*'))


def test_names_are_text_in_pages(tmp_path):
    from sltnet_mm.report.page import Report, Tile, render_page
    from sltnet_mm.report.results import ResultRow

    name = '<img src=x onerror=alert(1)>"\'&'
    tile = Tile(np.zeros((8, 8, 3), np.uint8), (name, name))
    row = ResultRow(name, name, {})
    report = Report(
        title=name,
        summary=(name,),
        rows=[row],
        table_notes=[name],
        picture_note=name,
        columns=(name,),
        pictures=[[tile]],
        curves={name: {name: ([1.0, 2.0], [0.5, 0.4])}},
        facts={name: name},
    )
    page = render_page(report)
    assert '<img src=x' not in page and 'onerror=alert(1)&gt;' in page
    json.dumps(page)
