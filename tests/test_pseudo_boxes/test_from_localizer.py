"""Export of pseudo boxes: against the model by hand, by one and by two processes, interrupted and resumed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from pycocotools import mask as coco_mask

from sltnet_mm.datasets import SyntheticLocalization
from sltnet_mm.functional import average_top_k_maps, score_map_to_box, to_score_map
from sltnet_mm.pseudo_boxes.from_localizer import export_pseudo_boxes
from sltnet_mm.structures.box_file import read_box_file, write_box_file

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/localizer/slt-localizer_small-conv_1xb32-10e_synthetic.py'


def config():
    cfg = Config.fromfile(CONFIG)
    cfg.test_dataloader.batch_size = 4
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].dataset.num_images = 18  # five batches, the last one small
    return cfg


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(config().model)
    path = tmp_path_factory.mktemp('localizer') / 'localizer.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


@pytest.fixture(scope='module')
def exported(checkpoint):
    return export_pseudo_boxes(config(), checkpoint)


def test_boxes_are_those_of_the_model(exported, checkpoint):
    init_default_scope('mmpretrain')
    model = MODELS.build(config().model).eval()
    model.load_state_dict(torch.load(checkpoint)['state_dict'])
    images = SyntheticLocalization(num_images=18, pipeline=config().test_dataloader.dataset.pipeline)
    boxes = {box['image_id']: box for box in exported['annotations']}
    for index in (0, 7, 17):
        sample = images[index]
        inputs = model.data_preprocessor(dict(inputs=[sample['inputs']], data_samples=None))['inputs']
        with torch.no_grad():
            maps = model.head.class_maps(model.extract_feat(inputs))
        logits = maps.mean(dim=(2, 3))
        score_map = to_score_map(average_top_k_maps(maps, logits, 2), size=(64, 64))
        x, y, w, h = boxes[index]['bbox']
        assert score_map_to_box(score_map, 0.2)[0].tolist() == pytest.approx([x, y, x + w, y + h], abs=1e-3)
        label = index % 12
        assert boxes[index]['category_id'] == label
        assert boxes[index]['label_score'] == pytest.approx(float(logits.softmax(1)[0, label]), abs=1e-5)


def test_provenance(exported, checkpoint):
    info = exported['info']
    assert info['checkpoint'] == str(checkpoint) and len(info['checkpoint_sha256']) == 64
    assert info['threshold'] == 0.2 and info['split'] == 'train' and info['dataset']['images'] == 18
    assert 'date' not in json.dumps(info)  # the same run gives the same file
    other = config()
    other.model.head.top_k = 3
    assert export_pseudo_boxes(other, checkpoint)['info']['config_sha256'] != info['config_sha256']


def test_interrupted_and_resumed(exported, checkpoint, tmp_path, monkeypatch):
    import sltnet_mm.pseudo_boxes.from_localizer as module

    made = []
    make = module._records

    def interrupted(*args):
        made.append(args[0])
        if len(made) == 3:
            raise KeyboardInterrupt
        return make(*args)

    monkeypatch.setattr(module, '_records', interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_pseudo_boxes(config(), checkpoint, parts=tmp_path / 'parts')
    with pytest.raises(ValueError, match='threshold: 0.2 then, 0.5 now'):
        export_pseudo_boxes(config(), checkpoint, threshold=0.5, parts=tmp_path / 'parts')
    assert export_pseudo_boxes(config(), checkpoint, parts=tmp_path / 'parts') == exported
    batches = [list(range(18))[start : start + 4] for start in range(0, 18, 4)]
    assert made == [*batches[:3], *batches[2:]]  # the third batch once more, the first two not


def test_two_processes_of_the_tool_write_the_same_file(exported, checkpoint, tmp_path):
    sizes = [f'{name}_dataloader.dataset.num_images=18' for name in ('train', 'val', 'test')]
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
        + ['tools/generate_pseudo_boxes.py', CONFIG, checkpoint, '--out', tmp_path / 'two.json']
        + ['--launcher', 'pytorch', '--cfg-options', 'test_dataloader.batch_size=4', *sizes],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    write_box_file(tmp_path / 'one.json', exported)
    assert (tmp_path / 'one.json').read_bytes() == (tmp_path / 'two.json').read_bytes()
    assert len(read_box_file(tmp_path / 'two.json').rows) == 18
    whole = len(exported['info']['whole_image_boxes'])
    assert f'18 boxes of the localizer for 18 images ({whole} of them the whole image)' in result.stdout
    assert result.stdout.count('written to') == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ['one.json', 'two.json']  # no parts are left


def test_a_flipping_test_pipeline_gives_boxes_of_the_original(checkpoint):
    flipping = config()
    flipping.test_dataloader.dataset.pipeline[1].flip_prob = 1.0
    boxes = {box['image_id']: box['bbox'] for box in export_pseudo_boxes(flipping, checkpoint)['annotations']}
    model = MODELS.build(config().model).eval()
    model.load_state_dict(torch.load(checkpoint)['state_dict'])
    images = SyntheticLocalization(num_images=18, pipeline=flipping.test_dataloader.dataset.pipeline)
    mirrored = []
    for index in range(18):
        sample = images[index]
        assert sample['data_samples'].flip
        with torch.no_grad():
            batch = dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
            (predicted,) = model.test_step(batch)
        x1, y1, x2, y2 = score_map_to_box(predicted.pred_score_map).tolist()
        x, y, w, h = boxes[index]
        assert [64 - x2, y1, 64 - x1, y2] == pytest.approx([x, y, x + w, y + h], abs=1e-3)
        mirrored.append(x1 + x2 != 64)
    assert any(mirrored)  # a centered box would be its own mirror image


def test_empty_score_map_has_no_box(checkpoint, tmp_path):
    weights = torch.load(checkpoint)
    weights['state_dict']['head.cam.weight'].zero_()
    torch.save(weights, tmp_path / 'dead.pth')
    coco = export_pseudo_boxes(config(), tmp_path / 'dead.pth')
    assert coco['annotations'] == [] and len(coco['info']['images_without_box']) == 18


def test_nan_is_an_error_that_names_the_image(checkpoint, tmp_path):
    weights = torch.load(checkpoint)
    weights['state_dict']['head.cam.weight'].fill_(torch.nan)
    torch.save(weights, tmp_path / 'diverged.pth')
    with pytest.raises(ValueError, match='score map of synthetic://.*000000-00.png must be finite, but has NaN'):
        export_pseudo_boxes(config(), tmp_path / 'diverged.pth')


def test_what_cannot_be_exported(checkpoint):
    with pytest.raises(ValueError, match='split must be'):
        export_pseudo_boxes(config(), checkpoint, split='all')
    with pytest.raises(FileNotFoundError, match='none.pth'):
        export_pseudo_boxes(config(), 'none.pth')
    classifier = Config.fromfile(ROOT / 'configs/classifier/classifier_small-conv_1xb32-10e_synthetic.py')
    with pytest.raises(ValueError, match='another model'):
        export_pseudo_boxes(classifier, checkpoint)


def test_masks_are_the_foreground_inside_the_box(exported, checkpoint):
    found = export_pseudo_boxes(config(), checkpoint, masks=True)
    assert found['info'].pop('masks') and found['info'] == exported['info']
    images = {image['id']: image for image in found['images']}
    for annotation, plain in zip(found['annotations'], exported['annotations'], strict=True):
        mask = coco_mask.decode(annotation.pop('segmentation')).astype(bool)
        assert annotation == plain and 'segmentation' not in plain
        image = images[annotation['image_id']]
        assert mask.shape == (image['height'], image['width'])
        x, y, w, h = annotation['bbox']
        rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
        # the largest component touches all sides of its box
        ends = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert ends == pytest.approx([x, y, x + w, y + h], abs=1)
        assert mask.sum() < w * h or w * h < 9
