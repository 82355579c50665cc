"""Pictures from kept predictions: the same images in every run, boxes and maps as they were."""

from types import SimpleNamespace

import numpy as np
import torch
from mmengine.structures import BaseDataElement, InstanceData

from reproduction.kept_predictions import KeepPredictionsHook
from sltnet_mm.functional import to_score_map
from sltnet_mm.models.predictions import add_localization


def sample(i, box=False):
    meta = dict(img_id=i, img_path=f'{i}.jpg', ori_shape=(32, 48), img_shape=(16, 16))
    element = BaseDataElement(metainfo=dict(meta, homography_matrix=np.diag([1 / 3, 0.5, 1])))
    element.gt_instances = InstanceData(bboxes=torch.tensor([[0.0, 0, 24, 32]]))
    maps = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(i))
    add_localization([element], maps, maps.mean(dim=(2, 3)), top_k=2)
    if box:
        element.pred_instances = InstanceData(bboxes=torch.tensor([[0.0, 0, 24, 16]]))
    return element


def keep(tmp_path, total, batch, count, box=False):
    runner = SimpleNamespace(work_dir=str(tmp_path), test_dataloader=SimpleNamespace(dataset=range(total)))
    hook = KeepPredictionsHook(count=count)
    hook.before_test_epoch(runner)
    for start in range(0, total, batch):
        hook.after_test_iter(runner, 0, {}, [sample(i, box) for i in range(start, min(start + batch, total))])
    hook.after_test_epoch(runner, {})
    return dict(np.load(tmp_path / 'test_images.npz'))


def test_evenly_spaced_images_whatever_the_batch(tmp_path):
    for batch in (1, 4, 11):
        assert keep(tmp_path, 11, batch, count=3)['img_paths'].tolist() == ['0.jpg', '5.jpg', '10.jpg']
    assert len(keep(tmp_path, 4, 2, count=24)['img_paths']) == 4


def test_arrays_give_back_the_score_map_and_the_box(tmp_path):
    arrays = keep(tmp_path, 2, 2, count=2, box=True)
    for i in range(2):
        height, width = arrays['input_sizes'][i]
        score_map = to_score_map(torch.from_numpy(arrays['maps'][i].astype(np.float32))[None], size=(height, width))[0]
        torch.testing.assert_close(score_map, sample(i).pred_score_map, atol=5e-3, rtol=0)  # float16
    assert arrays['boxes_box'].tolist() == [[0, 0, 24, 16]] * 2 and arrays['iou_box'].tolist() == [0.5, 0.5]
    x0, y0, x1, y1 = arrays['boxes_map'].T
    assert (0 <= x0).all() and (x1 <= 48).all() and (y1 <= 32).all() and (x0 < x1).all() and (y0 < y1).all()


def test_a_localizer_has_no_box_arrays(tmp_path):
    assert not {'boxes_box', 'iou_box'} & set(keep(tmp_path, 1, 1, count=1))
