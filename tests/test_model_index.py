"""model-index.yml and the metafiles: every config once, with the paper's own numbers."""

from pathlib import Path

import pytest
import yaml
from config_runs import CONFIGS
from mmengine.config import Config

from reproduction import table
from reproduction.paper_numbers import PAPER

ROOT = Path(__file__).parents[1]
METAFILES = [ROOT / path for path in yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']]
MODELS = [model for file in METAFILES for model in yaml.safe_load(file.read_text())['Models']]
KEYS = {
    'GT-known LOC in the paper': 'gt_known',
    'Top-1 LOC in the paper': 'top1_loc',
    'Top-5 LOC in the paper': 'top5_loc',
    'Top-1 CLS in the paper': 'cls_top1',
}


def test_every_group_has_a_metafile_and_a_readme_and_is_listed():
    groups = {path.parent for path in CONFIGS}
    assert len(METAFILES) == len(groups) and {file.parent for file in METAFILES} == groups
    assert all((group / 'README.md').is_file() for group in groups)


def test_every_config_is_listed_once():
    assert sorted(model['Config'] for model in MODELS) == sorted(str(path.relative_to(ROOT)) for path in CONFIGS)


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_epochs_and_batch_are_the_configs(model):
    cfg, metadata = Config.fromfile(ROOT / model['Config']), model['Metadata']
    trained = cfg.get('train_cfg') is not None
    assert metadata.get('Epochs') == (cfg.train_cfg.max_epochs if trained else None)
    assert metadata.get('Batch Size') == (cfg.train_dataloader.batch_size if trained else None)


@pytest.mark.parametrize('file', METAFILES, ids=lambda file: file.parent.name)
def test_entries_point_to_what_exists(file):
    content = yaml.safe_load(file.read_text())
    collections = {collection['Name'] for collection in content['Collections']}
    assert all((ROOT / collection['README']).is_file() for collection in content['Collections'])
    for model in content['Models']:
        path = ROOT / model['Config']
        assert path.is_file() and path.stem == model['Name'] and path.parent == file.parent
        assert model['In Collection'] in collections
        assert 'Weights' not in model  # nothing is published


def test_numbers_are_the_tables():
    checked = 0
    for model in MODELS:
        metadata = model['Metadata']
        given = {KEYS[key]: value for key, value in metadata.items() if key in KEYS}
        assert bool(given) == ('Row in the paper' in metadata)
        if not given:
            continue
        data = model['Name'].split('_')[-1]
        for row in metadata['Row in the paper'].split('; '):
            table, name = row.removeprefix('Table ').split(', ', 1)
            numbers = PAPER[int(table), data][name]
            common = given.keys() & numbers.keys()
            assert common and all(given[key] == numbers[key] for key in common), model['Name']
            checked += len(common)
    assert checked > 50


def test_every_row_of_a_table_is_named_at_its_config():
    named = {model['Name']: model['Metadata'].get('Row in the paper', '').split('; ') for model in MODELS}
    for number, dataset in PAPER:
        for row in table(number, dataset).rows:
            if row.step is not None and PAPER[number, dataset].get(row.name):  # joint training has no row of its own
                assert f'Table {number}, {row.name}' in named[row.step.path.stem]
