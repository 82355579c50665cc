"""What only a GPU can show: the same numbers as on the CPU, no host-device sync in a step, mixed precision."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import DATASETS, HOOKS, MODELS, init_default_scope
from mmengine.runner import Runner
from torch import nn

from sltnet_mm import functional as slt

pytestmark = pytest.mark.gpu
CONFIGS = Path(__file__).parents[1] / 'configs'
JOINT = 'slt_net/slt-net_small-conv_1xb32-10e_synthetic.py'


@pytest.fixture(scope='module')
def inputs() -> dict:
    generator = torch.Generator().manual_seed(0)
    return dict(
        maps=nn.functional.interpolate(torch.randn(6, 9, 4, 4, generator=generator), size=14, mode='bicubic'),
        logits=torch.randn(6, 9, generator=generator),
        labels=torch.arange(6),
    )


@pytest.mark.parametrize(
    'compute',
    [
        lambda x: slt.average_top_k_maps(x['maps'], x['logits'], 3),
        lambda x: slt.to_score_map(x['maps'][:, 0], size=(224, 224)),
        lambda x: slt.smt_loss(x['logits'], x['labels'], 3, 0.4),
        lambda x: slt.vst_loss(x['maps'], x['maps'].flip(3)),
        lambda x: slt.score_map_to_box(slt.to_score_map(x['maps'][:, 0], size=(224, 224)), 0.5),
        lambda x: slt.class_maps(x['maps'], x['maps'][0, :5].mean((1, 2))[:, None].expand(5, 9)),
    ],
    ids=['acam', 'score_map', 'smt', 'vst', 'box', 'class_maps'],
)
def test_functions_agree_with_the_cpu(compute, inputs):
    on_gpu = compute({name: value.cuda() for name, value in inputs.items()})
    assert on_gpu.is_cuda
    torch.testing.assert_close(on_gpu.cpu(), compute(inputs), rtol=1e-4, atol=1e-5)


def _joint(device: str = 'cuda'):
    cfg = Config.fromfile(CONFIGS / JOINT)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).to(device).train()
    hook = HOOKS.build(cfg.custom_hooks[0])
    hook.before_train(type('RunnerLike', (), dict(model=model, hooks=[], message_hub=None))())
    dataset = DATASETS.build(dict(cfg.train_dataloader.dataset, indices=16))
    items = [dataset[i] for i in range(16)]
    batch = dict(inputs=[item['inputs'] for item in items], data_samples=[item['data_samples'] for item in items])
    return model, hook, batch


def test_a_joint_step_never_waits_for_the_gpu():
    model, _, batch = _joint()
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
    model.train_step(batch, optimizer)  # libraries load and choose algorithms
    data = model.data_preprocessor(batch, True)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode('error')
    try:
        losses = model(**data, mode='loss')
        total, _ = model.parse_losses(losses)
        optimizer.update_params(total)
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert {'loss_smt', 'loss_vst', 'loss_bbox'} <= set(losses)
    assert all(torch.isfinite(value).all() for value in losses.values() if isinstance(value, torch.Tensor))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_mixed_precision_gives_float32_losses_near_full_precision(dtype):
    model, hook, batch = _joint()
    data = model.data_preprocessor(batch, True)
    hook.views.draw = lambda images, draw=hook.views.draw: torch.random.manual_seed(1) and draw(images)
    full = model(**data, mode='loss')
    with torch.autocast('cuda', dtype):
        mixed = model(**data, mode='loss')
    sum(value for name, value in mixed.items() if 'loss' in name).backward()
    for name in ('loss_smt', 'loss_bbox', 'loss_vst'):
        assert mixed[name].dtype == torch.float32
        assert mixed[name].item() == pytest.approx(full[name].item(), rel=0.1, abs=1e-3)
    assert not [name for name, value in model.named_parameters() if value.requires_grad and value.grad is None]


@pytest.mark.parametrize('wrapper', ['OptimWrapper', 'AmpOptimWrapper'])
def test_a_run_on_the_gpu_predicts_what_the_cpu_predicts(wrapper, tmp_path):
    cfg = Config.fromfile(CONFIGS / JOINT)
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'gpu-{wrapper}'
    cfg.optim_wrapper.type = wrapper
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1, val_interval=1)
    for loader, count in ((cfg.train_dataloader, 64), (cfg.val_dataloader, 32), (cfg.test_dataloader, 32)):
        loader.dataset.indices = count
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert next(runner.model.parameters()).is_cuda
    numbers = runner.test()
    assert 0 <= numbers['map/sltnet/gt_known'] <= 100
    batch = next(iter(runner.test_dataloader))
    model = runner.model.eval()
    with torch.no_grad():
        on_gpu = [sample.pred_instances.bboxes[0].cpu() for sample in model.test_step(batch)]
        on_cpu = [sample.pred_instances.bboxes[0] for sample in model.cpu().test_step(batch)]
    torch.testing.assert_close(torch.stack(on_gpu), torch.stack(on_cpu), rtol=1e-3, atol=0.05)
