"""LocalizationMetric under several protocols, with thresholds from a file, tables, two processes;
PixelAveragePrecision.
"""

import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData
from mmpretrain.structures import DataSample

from sltnet_mm.evaluation import LocalizationMetric, PixelAveragePrecision, evaluate_masks, evaluate_score_maps
from sltnet_mm.evaluation.prediction_maps import protocol_score_map
from sltnet_mm.evaluation.protocols import PROTOCOLS, Protocol
from sltnet_mm.evaluation.tables import read_table

SIZE, ORI = (32, 32), (45, 60)  # network input and original image, height and width


def make_samples(number, seed=0, box=False, label_map=True):
    rng = np.random.default_rng(seed)
    samples = []
    for index in range(number):
        scale = (SIZE[1] / ORI[1], SIZE[0] / ORI[0])
        sample = DataSample(
            metainfo=dict(
                img_id=f'{index}.jpg',
                ori_shape=ORI,
                img_shape=SIZE,
                homography_matrix=np.diag([*scale, 1]).astype(np.float32),
            )
        )
        label = int(rng.integers(3))
        corner = rng.integers(0, 25, (rng.integers(1, 3), 2))
        boxes = torch.tensor(
            np.concatenate([corner, corner + rng.integers(8, 20, corner.shape)], 1), dtype=torch.float32
        )
        sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.full((len(boxes),), label))
        sample.set_gt_label(label).set_pred_score(torch.tensor(rng.random(3)))
        maps = {
            name: torch.tensor(rng.random((6, 6)) ** 6, dtype=torch.float32) for name in ('top_k', 'top_1', 'label')
        }
        sample.pred_maps = BaseDataElement(
            **{name: value for name, value in maps.items() if label_map or name != 'label'}
        )
        if box:
            sample.pred_instances = InstanceData(bboxes=boxes[:1] + 3)
        samples.append(sample)
    return samples


def evaluate(samples, **kwargs):
    metric = LocalizationMetric(**kwargs)
    metric.process({}, [sample.to_dict() for sample in samples])
    return metric.evaluate(len(samples))


def test_grid_protocols_agree_with_evaluate_score_maps():
    samples = make_samples(25)
    numbers = evaluate(samples, protocols=('wsolevaluation', 'wsolevaluation-v2'))
    for name in ('wsolevaluation', 'wsolevaluation-v2'):
        maps = [protocol_score_map(sample.pred_maps.label.numpy(), SIZE[::-1], PROTOCOLS[name]) for sample in samples]
        boxes = [sample.gt_instances.bboxes.numpy() for sample in samples]
        expected = evaluate_score_maps(maps, boxes, name, image_sizes=[ORI[::-1]] * 25)
        for level in (30, 50, 70):
            assert numbers[f'map/{name}/max_box_acc_{level}'] == expected['max_box_acc'][level]
        assert numbers[f'map/{name}/max_box_acc'] == expected['max_box_acc'][50]
        assert numbers[f'map/{name}/max_box_acc_v2'] == expected['max_box_acc_v2']
        assert numbers[f'map/{name}/threshold'] == expected['best_threshold']
        assert numbers[f'map/{name}/mean_iou'] == pytest.approx(expected['mean_iou'], abs=1e-5)  # kept as float32
    assert numbers['map/wsolevaluation/top1_loc'] <= min(numbers['cls/top1'], numbers['map/wsolevaluation/max_box_acc'])
    errors = [value for name, value in numbers.items() if name.startswith('map/wsolevaluation/error_')]
    assert len(errors) == 5 and sum(errors) + numbers['map/wsolevaluation/top1_loc'] == pytest.approx(100)
    assert not any(name.startswith('map/wsolevaluation-v2/error_') for name in numbers)


def test_without_numba_the_same_numbers(monkeypatch):
    protocols = ('wsolevaluation', 'wsolevaluation-v2', 'tscam')
    expected = evaluate(make_samples(6), protocols=protocols)
    monkeypatch.setattr('sltnet_mm.evaluation.threshold_ious.HAS_NUMBA', False)
    assert evaluate(make_samples(6), protocols=protocols) == expected


@pytest.mark.parametrize('protocol, taken', [('sltnet', 'top_k'), ('tscam', 'label'), ('wsolevaluation', 'label')])
def test_which_map_is_taken(protocol, taken):
    expected = evaluate(make_samples(6), protocols=protocol)
    for flattened in ('top_k', 'top_1', 'label'):
        samples = make_samples(6)
        for sample in samples:
            sample.pred_maps.set_field(torch.zeros(6, 6), flattened)
        assert (evaluate(samples, protocols=protocol) == expected) == (flattened != taken)


def test_score_map_or_raw_acam_are_the_same():
    samples = make_samples(8)
    expected = evaluate(samples)
    for sample in samples:
        score_map = protocol_score_map(sample.pred_maps.top_k.numpy(), SIZE[::-1], PROTOCOLS['sltnet'])
        sample.pred_score_map = torch.from_numpy(score_map)
        del sample.pred_maps
    assert evaluate(samples) == expected


def test_tscam_compares_gt_known_and_top_k_differently():
    sample = make_samples(1)[0]
    sample.set_metainfo(dict(ori_shape=SIZE, homography_matrix=np.eye(3)))
    label = int(sample.gt_label)
    sample.set_pred_score(torch.eye(3)[label])
    score_map = torch.zeros(32, 32)
    score_map[2:12, 2:12] = 1  # the box 2, 2, 12, 12: 11 x 11 pixels with + 1
    sample.pred_maps = BaseDataElement(label=score_map)
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[2.0, 2, 12, 23]]), labels=torch.tensor([label]))  # 11 x 22
    numbers = evaluate([sample], protocols='tscam')
    assert (numbers['map/tscam/gt_known'], numbers['map/tscam/top1_loc'], numbers['map/tscam/mean_iou']) == (100, 0, 50)


def test_psol_crops_takes_boxes_of_the_class_and_averages_classes():
    samples = make_samples(3, box=True)
    for index, sample in enumerate(samples):
        label = 0 if index < 2 else 1
        sample.set_gt_label(label)
        # the input is the image's columns 10..42 and rows 0..32; the second ground-truth box is of another class
        sample.set_metainfo(dict(homography_matrix=np.array([[1.0, 0, -10], [0, 1, 0], [0, 0, 1]])))
        gt_boxes = torch.tensor([[0.0, 0, 20, 10], [30, 30, 40, 40]])
        sample.gt_instances = InstanceData(bboxes=gt_boxes, labels=torch.tensor([label, 2]))
        # of the crop, the ground-truth box keeps columns 10..20
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor([[10.0, 0, 20, 10]] if index != 1 else [[30.0, 30, 40, 40]])
        )
    numbers = evaluate(samples, protocols='psol', sources='box')
    assert numbers['box/psol/gt_known'] == 75  # classes 1/2 and 1/1
    with pytest.raises(ValueError, match="sources must hold 'box'"):
        LocalizationMetric(protocols='psol', sources='map')
    with pytest.raises(ValueError, match='no ground-truth box of its class 1'):
        samples[2].gt_instances.labels[0] = 2
        evaluate(samples, protocols='psol', sources='box')


def test_cropped_images_are_refused_by_protocols_of_resized_ones():
    sample = make_samples(1)[0]
    sample.set_metainfo(dict(homography_matrix=np.array([[1.0, 0, -10], [0, 1, 0], [0, 0, 1]])))
    with pytest.raises(ValueError, match="'0.jpg'.*resized, not cropped"):
        evaluate([sample], protocols='wsolevaluation')
    with pytest.raises(KeyError, match="0.jpg.*no 'label' map"):
        evaluate(make_samples(1, label_map=False), protocols='wsolevaluation')


def test_thresholds_of_a_validation_split(tmp_path):
    path = tmp_path / 'sub' / 'thresholds.json'
    validation = evaluate(make_samples(20, seed=1), protocols='wsolevaluation', threshold_file=path)
    samples = make_samples(20, seed=2)
    numbers = evaluate(samples, protocols=('wsolevaluation', 'sltnet'), thresholds=path)
    given = evaluate(
        samples, protocols='wsolevaluation', thresholds={'wsolevaluation': validation['map/wsolevaluation/threshold']}
    )
    assert numbers['map/wsolevaluation/gt_known'] == given['map/wsolevaluation/gt_known']
    assert (
        numbers['map/wsolevaluation/gt_known']
        <= evaluate(samples, protocols='wsolevaluation')['map/wsolevaluation/max_box_acc']
    )
    assert numbers['map/wsolevaluation/box_acc_30'] >= numbers['map/wsolevaluation/box_acc_50']
    assert str(LocalizationMetric(protocols='wsolevaluation', thresholds=path).protocols[0]).endswith('file)')
    with pytest.raises(FileNotFoundError, match='nowhere'):
        LocalizationMetric(thresholds='nowhere.json')
    with pytest.raises(KeyError, match='tscam'):
        LocalizationMetric(thresholds={'tscam': 0.2})
    path.write_text('[1]')
    with pytest.raises(ValueError, match='JSON object'):
        LocalizationMetric(thresholds=path)


def test_table_adds_up_to_the_numbers(tmp_path):
    path = tmp_path / 'images.csv'
    samples = make_samples(9, box=True)
    numbers = evaluate(samples, protocols=('sltnet', 'wsolevaluation'), table=path)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row['image'] for row in rows] == [f'{index}.jpg' for index in range(9)]
    assert 100 * np.mean([row['rank'] == '0' for row in rows]) == pytest.approx(numbers['cls/top1'])
    for source, protocol, number in (
        ('map', 'sltnet', 'gt_known'),
        ('box', 'sltnet', 'gt_known'),
        ('map', 'wsolevaluation', 'max_box_acc'),
    ):
        right = [row[f'{source}/{protocol}/right'] == 'True' for row in rows]
        assert 100 * np.mean(right) == pytest.approx(numbers[f'{source}/{protocol}/{number}'])
        ious = [float(row[f'{source}/{protocol}/iou']) for row in rows]
        assert 100 * np.mean(ious) == pytest.approx(numbers[f'{source}/{protocol}/mean_iou'])
    assert {row['map/wsolevaluation/threshold'] for row in rows} == {str(numbers['map/wsolevaluation/threshold'])}
    with pytest.raises(ValueError, match='csv'):
        LocalizationMetric(table='images.txt')


def test_a_parquet_table_holds_what_the_csv_holds(tmp_path):
    samples = make_samples(5, box=True)
    for suffix in ('csv', 'parquet'):
        evaluate(samples, table=tmp_path / f'images.{suffix}')
    rows = read_table(tmp_path / 'images.parquet')
    assert [{name: str(value) for name, value in row.items()} for row in rows] == read_table(tmp_path / 'images.csv')
    assert isinstance(rows[0]['map/sltnet/iou'], float)


def test_a_config_file_changes_a_preset_by_a_mapping():
    samples = make_samples(9)
    changed = dict(base='sltnet', name='top-1', map='top_1', iou_levels=[30, 50])
    numbers = evaluate(samples, protocols=['sltnet', changed])
    object_ = replace(PROTOCOLS['sltnet'], name='top-1', map='top_1', iou_levels=(30, 50))
    assert numbers == evaluate(samples, protocols=['sltnet', object_])
    assert 'map/top-1/box_acc_30' in numbers
    for wrong in (dict(name='x'), dict(base='sltnet'), dict(base='sltnet', name='sltnet'), dict(changed, maps='top_1')):
        with pytest.raises(ValueError, match='a protocol as a mapping must have base'):
            LocalizationMetric(protocols=[wrong])
    with pytest.raises(KeyError, match="got 'slt'"):
        LocalizationMetric(protocols=dict(base='slt', name='x'))


def test_custom_protocol_beside_its_preset():
    mine = Protocol('mine', threshold=None, policy='grid')  # sltnet's rules at its best threshold
    numbers = evaluate(make_samples(10), protocols=('sltnet', mine))
    assert numbers['map/mine/max_box_acc'] >= numbers['map/sltnet/gt_known']
    with pytest.raises(ValueError, match='each once'):
        LocalizationMetric(protocols=('sltnet', 'sltnet'))


def run_rank(rank, file, results):
    torch.distributed.init_process_group('gloo', init_method=f'file://{file}', rank=rank, world_size=2)
    torch.set_num_threads(1)
    samples = make_samples(7, box=True)  # 7 on two processes: the first is evaluated twice
    ours = [samples[index % 7] for index in range(rank, 8, 2)]
    metric = LocalizationMetric(protocols=('sltnet', 'tscam', 'wsolevaluation-v2'))
    metric.process({}, [sample.to_dict() for sample in ours])
    results.put(metric.evaluate(7))
    torch.distributed.destroy_process_group()


def test_two_processes_with_a_padded_batch_give_the_same(tmp_path):
    context = torch.multiprocessing.get_context('spawn')
    results = context.SimpleQueue()
    processes = [context.Process(target=run_rank, args=(rank, tmp_path / 'store', results)) for rank in range(2)]
    for process in processes:
        process.start()
    found = [results.get() for _ in range(2)]
    for process in processes:
        process.join()
    expected = evaluate(make_samples(7, box=True), protocols=('sltnet', 'tscam', 'wsolevaluation-v2'))
    assert found == [expected, expected]


def test_order_does_not_matter():
    samples = make_samples(12, box=True)
    protocols = ('sltnet', 'wsolevaluation')
    first, second = evaluate(samples, protocols=protocols), evaluate(samples[::-1], protocols=protocols)
    assert first == pytest.approx(second, rel=1e-12)


def test_pixel_metric_reads_masks_and_ignores(tmp_path):
    rng = np.random.default_rng(5)
    samples, maps, masks = make_samples(3), [], []
    for index, sample in enumerate(samples):
        parts = [(rng.random(ORI) < 0.3).astype(np.uint8) * 255 for _ in range(2)]
        ignore = (rng.random(ORI) < 0.2).astype(np.uint8)
        paths = [str(tmp_path / f'{index}-{part}.png') for part in range(3)]
        for path, image in zip(paths, [*parts, ignore], strict=True):
            cv2.imwrite(path, image)
        sample.set_metainfo(dict(mask_path=paths[:2], ignore_mask_path=paths[2]))
        small = [cv2.resize(image, SIZE[::-1], interpolation=cv2.INTER_NEAREST) > 0 for image in (*parts, ignore)]
        objects = small[0] | small[1]
        masks.append(np.where(objects, 1, np.where(small[2], 255, 0)))
        maps.append(protocol_score_map(sample.pred_maps.label.numpy(), SIZE[::-1], PROTOCOLS['wsolevaluation']))
    metric = PixelAveragePrecision()
    for sample in samples:
        metric.process({}, [sample.to_dict()])
    assert len(metric.results) == 1  # memory does not grow with the images
    expected = evaluate_masks(maps, masks)
    assert metric.evaluate(3) == {key: expected[key] for key in ('pxap', 'piou', 'piou_threshold')}


def test_pixel_metric_refuses(tmp_path):
    sample, metric = make_samples(1)[0], PixelAveragePrecision()
    with pytest.raises(KeyError, match='mask_path'):
        metric.process({}, [sample.to_dict()])
    sample.set_metainfo(dict(mask_path=str(tmp_path / 'none.png')))
    with pytest.raises(FileNotFoundError, match="'0.jpg'"):
        metric.process({}, [sample.to_dict()])
    (tmp_path / 'none.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match="'0.jpg'.*not an image"):
        metric.process({}, [sample.to_dict()])
    with pytest.raises(ValueError, match='nothing to evaluate'):
        PixelAveragePrecision().evaluate(0)
    with pytest.raises(ValueError, match='must be one for maps'):
        PixelAveragePrecision(protocol='psol')
