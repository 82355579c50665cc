"""Two processes against one: the same global batch gives the same weights (gloo, CPU)."""

import copy
import os
import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.structures import BaseDataElement
from toy import FLIP_AND_HALF, ToyClassifier, toy_runner

HOOK = dict(type='sltnet_mm.VSTHook', cam_layer='cam', views=FLIP_AND_HALF, weight=0.7, normalization='none')
# broadcast_buffers: mmengine's default is lost once model_wrapper_cfg is set, torch's would be True
WRAPPER = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
SLT_HOOK = dict(HOOK, module='localizer', cam_layer='head.cam')


def slt_net():
    """A joint model without batch norm, whose statistics would differ between half batches and whole ones."""
    from mmdet.registry import MODELS

    from sltnet_mm.registry import MODELS as OURS

    class PlainNet(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(3, 8, 3, padding=1)

        def forward(self, x):
            return (self.layer(x).relu(),)

    OURS.register_module(name='PlainNet', module=PlainNet, force=True)
    net = dict(type='sltnet_mm.PlainNet')
    torch.manual_seed(5)
    return MODELS.build(
        dict(
            type='sltnet_mm.SLTNet',
            data_preprocessor=dict(type='BaseDataPreprocessor', _scope_='mmengine'),
            localizer=dict(
                type='mmpretrain.ImageClassifier',
                backbone=net,
                head=dict(
                    type='sltnet_mm.CAMHead',
                    in_channels=8,
                    num_classes=3,
                    loss=dict(type='sltnet_mm.SMTLoss', top_k=2, alpha=0.4),
                ),
            ),
            pseudo_box=dict(type='sltnet_mm.PseudoBoxGenerator'),
            regressor=dict(
                type='mmdet.SingleStageDetector',
                backbone=net,
                bbox_head=dict(
                    type='sltnet_mm.SingleBoxHead', in_channels=8, feat_channels=8, downsample=4, input_size=8
                ),
            ),
        )
    ).double()


class PackedLabels(torch.nn.Module):
    """The toy's preprocessor for SLTNet: labels as tensors."""

    def forward(self, data, training=False):
        samples = []
        for source in data['data_samples']:
            sample = BaseDataElement(metainfo=source.metainfo)
            sample.gt_label = torch.tensor([source.gt_label])
            samples.append(sample)
        return dict(inputs=torch.stack(list(data['inputs'])), data_samples=samples)


def train(kind, work_dir, *, batch, launcher='none', accumulate=1):
    model, hook = (ToyClassifier(), HOOK) if kind == 'toy' else (slt_net(), SLT_HOOK)
    wrapper = dict(cfg=dict(model_wrapper_cfg=WRAPPER)) if launcher != 'none' else {}
    runner = toy_runner(
        model,
        work_dir,
        [copy.deepcopy(hook), dict(type='EMAHook', momentum=0.5)],
        batch=batch,
        launcher=launcher,
        epochs=2,
        accumulate=accumulate,
        lr=0.1,
        **wrapper,
    )
    if kind != 'toy':
        model.data_preprocessor = PackedLabels()
    runner.train()
    ema = next(hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook').ema_model
    return [value.detach().clone() for value in [*model.parameters(), *ema.parameters()]]


CASES = [(kind, accumulate) for kind in ('toy', 'slt') for accumulate in (1, 2)]


def worker(rank, port, work_dir):
    torch.set_num_threads(1)
    os.environ['LOCAL_RANK'] = str(rank)  # Runner reads it
    dist.init_process_group('gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=2)
    weights = [
        train(kind, f'{work_dir}/two', batch=4, launcher='pytorch', accumulate=accumulate) for kind, accumulate in CASES
    ]
    torch.save(weights, f'{work_dir}/rank{rank}.pth')
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def of_two_processes(tmp_path_factory):
    """The weights of every case on both ranks; one pair of processes, since each costs its imports."""
    folder = tmp_path_factory.mktemp('ranks')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(worker, args=(port, str(folder)), nprocs=2)
    return [dict(zip(CASES, torch.load(folder / f'rank{rank}.pth'), strict=True)) for rank in range(2)]


@pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case[0]}-accumulate{case[1]}')
def test_two_processes_give_the_result_of_one(of_two_processes, tmp_path, case):
    # DefaultSampler deals images 0, 2, ... and 1, 3, ... to the ranks: each step sees the same eight images as one
    # process
    kind, accumulate = case
    one = train(kind, tmp_path, batch=8, accumulate=accumulate)
    start = (ToyClassifier() if kind == 'toy' else slt_net()).parameters()
    assert max((a - b).abs().max().item() for a, b in zip(start, one, strict=False)) > 0.01  # they moved
    for a, b, c in zip(*(rank[case] for rank in of_two_processes), one, strict=True):
        assert torch.equal(a, b)
        torch.testing.assert_close(a, c, rtol=0, atol=1e-6)
