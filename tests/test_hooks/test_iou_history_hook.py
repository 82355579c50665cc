"""Each image's boxes and IoU after each validation, in one small file."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData

from sltnet_mm.hooks import IoUHistoryHook, read_iou_history
from sltnet_mm.visualization.drift import _times, drift_chart

SIDE = 8


def sample(img_id, gt_box, map_box=None, box=None, scale=1.0):
    """A prediction on an original image `scale` times the network input."""
    size = int(SIDE * scale)
    meta = dict(img_id=img_id, img_path=f'{img_id}.jpg', ori_shape=(size, size), img_shape=(SIDE, SIDE))
    element = BaseDataElement(metainfo=dict(meta, homography_matrix=np.diag([1 / scale, 1 / scale, 1])))
    element.gt_instances = InstanceData(bboxes=torch.tensor([gt_box], dtype=torch.float32))
    if map_box is not None:
        x0, y0, x1, y1 = map_box
        element.pred_score_map = torch.zeros(SIDE, SIDE)
        element.pred_score_map[y0:y1, x0:x1] = 1
    if box is not None:
        element.pred_instances = InstanceData(bboxes=torch.tensor([box, [0, 0, 1, 1]], dtype=torch.float32))
    return element


class Run(SimpleNamespace):
    """What the hook reads of a runner whose epochs have five iterations."""

    @property
    def iter(self):
        return 5 * self.epoch


def runner(work_dir, epoch=0, images=2):
    loader = SimpleNamespace(dataset=range(images))
    return Run(work_dir=str(work_dir), epoch=epoch, val_dataloader=loader)


def validate(hook, run, *batches):
    hook.before_val_epoch(run)
    for i, batch in enumerate(batches):
        hook.after_val_iter(run, i, {}, batch)
    hook.after_val_epoch(run, {})


def test_boxes_and_ious_of_both_sources_in_original_pixels(tmp_path):
    hook, run = IoUHistoryHook(), runner(tmp_path)
    hook.before_train(run)
    first = [
        sample('b', [4, 4, 12, 12], (2, 2, 6, 6), [4, 4, 12, 8], scale=2),
        sample('a', [0, 0, 4, 4], (0, 0, 4, 2), [4, 4, 8, 8]),
    ]
    run.epoch = 1
    validate(hook, run, first[:1], first[1:])
    run.epoch = 2
    validate(hook, run, [sample('b', [4, 4, 12, 12], (2, 2, 6, 4), [4, 4, 12, 12], scale=2), first[1]])
    history = read_iou_history(tmp_path / 'iou_history.npz')
    assert history['img_ids'].tolist() == ['a', 'b'] and history['img_paths'].tolist() == ['a.jpg', 'b.jpg']
    assert history['epochs'].tolist() == [1, 2]
    assert history['iou_map'].tolist() == [[0.5, 1.0], [0.5, 0.5]]
    assert history['iou_box'].tolist() == [[0.0, 0.5], [0.0, 1.0]]
    assert history['boxes_map'][0].tolist() == [[0, 0, 4, 2], [4, 4, 12, 12]]
    assert history['boxes_box'][1, 1].tolist() == [4, 4, 12, 12]
    assert history['gt_boxes'].tolist() == [[0, 0, 4, 4], [4, 4, 12, 12]]
    assert history['iou_map'].dtype == np.float16 and history['boxes_box'].dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == ['iou_history.npz']


def test_a_localizer_alone_has_no_box_arrays(tmp_path):
    hook, run = IoUHistoryHook('deep/er.npz'), runner(tmp_path, epoch=1, images=1)
    validate(hook, run, [sample('a', [0, 0, 4, 4], (0, 0, 4, 4))])
    assert set(read_iou_history(tmp_path / 'deep' / 'er.npz')) == {
        'epochs', 'iters', 'img_ids', 'img_paths', 'gt_boxes', 'iou_map', 'boxes_map', 'exif_rotated',
    }  # fmt: skip


def test_best_of_several_gt_boxes_counts(tmp_path):
    hook, run = IoUHistoryHook(), runner(tmp_path, epoch=1, images=1)
    image = sample('a', [0, 0, 2, 2], box=[4, 4, 8, 8])
    image.gt_instances = InstanceData(bboxes=torch.tensor([[0.0, 0, 2, 2], [4, 4, 8, 8]]))
    validate(hook, run, [image])
    assert read_iou_history(tmp_path / 'iou_history.npz')['iou_box'].tolist() == [[1.0]]


def test_threshold_decides_the_box_of_the_map(tmp_path):
    image = sample('a', [0, 0, 4, 4], (0, 0, 2, 4))
    image.pred_score_map[0:4, 2:4] = 0.5
    for threshold, iou in ((0.2, 1.0), (0.6, 0.5)):
        hook, run = IoUHistoryHook(threshold=threshold), runner(tmp_path, epoch=1, images=1)
        validate(hook, run, [image])
        assert read_iou_history(tmp_path / 'iou_history.npz')['iou_map'].tolist() == [[iou]]


def test_a_resumed_run_goes_on_and_a_new_one_begins_anew(tmp_path):
    image = sample('a', [0, 0, 4, 4], (0, 0, 4, 4))
    run = runner(tmp_path, images=1)
    hook = IoUHistoryHook()
    for run.epoch in (1, 2, 3):
        validate(hook, run, [image])
    resumed = IoUHistoryHook()
    run.epoch = 2  # epoch 3 was validated, but its checkpoint lost
    resumed.before_train(run)
    run.epoch = 3
    validate(resumed, run, [sample('a', [0, 0, 4, 4], (0, 0, 4, 2))])
    history = read_iou_history(tmp_path / 'iou_history.npz')
    assert history['epochs'].tolist() == [1, 2, 3] and history['iou_map'][:, 0].tolist() == [1, 1, 0.5]
    anew = IoUHistoryHook()
    run.epoch = 0
    anew.before_train(run)
    run.epoch = 1
    validate(anew, run, [image])
    assert read_iou_history(tmp_path / 'iou_history.npz')['epochs'].tolist() == [1]


def test_a_loop_by_iterations_has_one_row_per_validation(tmp_path):
    """mmengine's IterBasedTrainLoop counts no epochs: runner.epoch is 0 throughout."""
    image = sample('a', [0, 0, 4, 4], (0, 0, 4, 4))
    run = SimpleNamespace(**vars(runner(tmp_path, images=1)), iter=0)
    hook = IoUHistoryHook()
    hook.before_train(run)
    for run.iter in (20, 40, 60):
        validate(hook, run, [image])
    resumed, run.iter = IoUHistoryHook(), 40
    resumed.before_train(run)
    run.iter = 60
    validate(resumed, run, [sample('a', [0, 0, 4, 4], (0, 0, 4, 2))])
    history = read_iou_history(tmp_path / 'iou_history.npz')
    assert history['iters'].tolist() == [20, 40, 60] and history['epochs'].tolist() == [0, 0, 0]
    assert history['iou_map'][:, 0].tolist() == [1, 1, 0.5]
    unit, times = _times(history)
    assert (unit, times.tolist()) == ('iteration', [20, 40, 60]) and drift_chart(dict(run=history)).ndim == 3
    anew, run.iter = IoUHistoryHook(), 0
    anew.before_train(run)
    run.iter = 20
    validate(anew, run, [image])
    assert read_iou_history(tmp_path / 'iou_history.npz')['iters'].tolist() == [20]


def test_files_without_iterations_go_on(tmp_path):
    image = sample('a', [0, 0, 4, 4], (0, 0, 4, 4))
    run = runner(tmp_path, epoch=1, images=1)
    validate(IoUHistoryHook(), run, [image])
    old = read_iou_history(tmp_path / 'iou_history.npz')
    np.savez_compressed(tmp_path / 'iou_history.npz', **{key: old[key] for key in set(old) - {'iters', 'exif_rotated'}})
    hook = IoUHistoryHook()
    hook.before_train(run)
    run.epoch = 2
    validate(hook, run, [image])
    history = read_iou_history(tmp_path / 'iou_history.npz')
    assert history['epochs'].tolist() == [1, 2] and history['iters'].tolist() == [-1, 10]


def test_other_images_are_refused_on_resume(tmp_path):
    run = runner(tmp_path, epoch=1, images=1)
    validate(IoUHistoryHook(), run, [sample('a', [0, 0, 4, 4], (0, 0, 4, 4))])
    resumed = IoUHistoryHook()
    resumed.before_train(run)
    run.epoch = 2
    with pytest.raises(ValueError, match='other images'):
        validate(resumed, run, [sample('z', [0, 0, 4, 4], (0, 0, 4, 4))])


def test_other_sources_are_refused_on_resume(tmp_path):
    run = runner(tmp_path, epoch=1, images=1)
    validate(IoUHistoryHook(), run, [sample('a', [0, 0, 4, 4], (0, 0, 4, 4))])
    for resumed, box in ((IoUHistoryHook(), [0, 0, 4, 2]), (IoUHistoryHook(), None)):
        run.epoch = 1
        resumed.before_train(run)
        run.epoch = 2
        image = sample('a', [0, 0, 4, 4], (0, 0, 4, 4), box=box)
        if box is None:
            del image.pred_score_map
            image.pred_instances = InstanceData(bboxes=torch.tensor([[0.0, 0, 4, 2]]))
        with pytest.raises(
            ValueError, match=r"holds \['boxes_map', 'epochs', 'iou_map', 'iters'\], this run gives .*'iou_box'"
        ):
            validate(resumed, run, [image])


def test_padded_samples_of_the_last_batch_are_dropped(tmp_path):
    hook, run = IoUHistoryHook(), runner(tmp_path, epoch=1, images=1)
    image = sample('a', [0, 0, 4, 4], (0, 0, 4, 4))
    validate(hook, run, [image, image])  # a distributed sampler repeats images to fill up the ranks
    assert read_iou_history(tmp_path / 'iou_history.npz')['img_ids'].tolist() == ['a']


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match='out_file must end in .npz'):
        IoUHistoryHook('history.json')
    with pytest.raises(ValueError, match='threshold'):
        IoUHistoryHook(threshold=1)
    without = sample('a', [0, 0, 4, 4], (0, 0, 4, 4))
    without.gt_instances = InstanceData(bboxes=torch.zeros(0, 4))
    with pytest.raises(ValueError, match="'a' has no ground-truth box"):
        validate(IoUHistoryHook(), runner(tmp_path, images=1), [without])
    with pytest.raises(FileNotFoundError, match='IoUHistoryHook writes it'):
        read_iou_history(tmp_path / 'none.npz')
    np.savez(tmp_path / 'other.npz', numbers=np.zeros(3))
    with pytest.raises(ValueError, match='not a file of'):
        read_iou_history(tmp_path / 'other.npz')
