"""VSTHook against a step written by hand, and everything that could silently switch it off."""

import copy
import logging

import pytest
import torch
from mmengine.hooks import Hook
from torch import nn
from torch.nn import functional as F
from toy import FLIP_AND_HALF, ToyClassifier, ToyImages, samples_of, toy_runner

from sltnet_mm.hooks import VSTHook

WEIGHT = 0.7


def vst_hook(**settings):
    raw_maps = dict(type='sltnet_mm.VSTHook', cam_layer='cam', views=FLIP_AND_HALF, weight=WEIGHT, normalization='none')
    return dict(raw_maps, **settings)


def hand_written_losses(model, images, samples):
    """Cross entropy plus weighted MSE between maps and the restored maps of the flipped, halved images."""
    maps = model.maps(images)
    labels = torch.tensor([sample.gt_label for sample in samples])
    view = F.interpolate(images.flip(3), scale_factor=0.5, mode='bilinear', align_corners=False)
    # interpolation is done in single precision there, so it is here
    restored = F.interpolate(model.maps(view).float(), size=maps.shape[-2:], mode='bilinear', align_corners=False).flip(
        3
    )
    return F.cross_entropy(maps.mean(dim=(2, 3)), labels) + WEIGHT * F.mse_loss(restored, maps.float())


def hand_written_training(model, *, images=16, batch=8, epochs=1, lr=0.5, accumulate=1):
    dataset = ToyImages(images)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    batches = [range(i, i + batch) for i in range(0, images, batch)] * epochs
    for number, indices in enumerate(batches, start=1):
        (hand_written_losses(model, *samples_of(dataset, indices)) / accumulate).backward()
        if number % accumulate == 0:
            optimizer.step()
            optimizer.zero_grad()
    return model


def distance(a: nn.Module, b: nn.Module) -> float:
    return max((p - q).abs().max().item() for p, q in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize('settings', [dict(), dict(accumulate=2, epochs=2), dict(batch=4, epochs=2)])
def test_training_equals_a_hand_written_two_forward_step(tmp_path, settings):
    start = ToyClassifier()
    by_hand = hand_written_training(copy.deepcopy(start), **settings)
    runner = toy_runner(copy.deepcopy(start), tmp_path, [vst_hook()], **settings)
    runner.train()
    assert distance(start, by_hand) > 0.05  # the weights moved
    assert distance(runner.model, by_hand) < 1e-6
    without = toy_runner(copy.deepcopy(start), tmp_path, [], **settings)
    without.train()
    assert distance(without.model, by_hand) > 1e-3  # and the loss had its part in it


class Watch(Hook):
    """Keep what the hook under test leaves behind after each iteration."""

    priority = 'LOWEST'

    def __init__(self):
        self.losses, self.forward_hooks = [], []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append({name: float(value) for name, value in outputs.items()})
        vst = next(hook for hook in runner.hooks if isinstance(hook, VSTHook))
        assert vst._maps is None and vst._last_maps is None
        copy.deepcopy(runner.model)  # a graph tensor left behind would make this raise


def test_loss_is_logged_and_nothing_is_left_behind(tmp_path):
    watch, model = Watch(), ToyClassifier()
    toy_runner(model, tmp_path, [vst_hook(), watch]).train()
    assert all(set(losses) == {'loss', 'loss_ce', 'loss_vst'} for losses in watch.losses) and len(watch.losses) == 2
    for losses in watch.losses:
        assert losses['loss'] == pytest.approx(losses['loss_ce'] + losses['loss_vst'])
        assert losses['loss_vst'] > 0
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_ema_copy_carries_no_hooks_and_averages_the_trained_weights(tmp_path):
    runner = toy_runner(ToyClassifier(), tmp_path, [dict(type='EMAHook', momentum=0.5), vst_hook()], epochs=2)
    runner.train()
    ema = next(hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook').ema_model
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in ema.modules())
    by_hand, mean = ToyClassifier(), copy.deepcopy(ToyClassifier())
    dataset, optimizer = ToyImages(16), None
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.5, momentum=0.9)
    for step, indices in enumerate([range(8), range(8, 16)] * 2):
        optimizer.zero_grad()
        hand_written_losses(by_hand, *samples_of(dataset, indices)).backward()
        optimizer.step()
        for average, value in zip(mean.parameters(), by_hand.parameters(), strict=True):
            average.data = value.data.clone() if step == 0 else 0.5 * average.data + 0.5 * value.data
    assert distance(ema.module, mean) < 1e-6


def test_resumed_training_equals_uninterrupted_training(tmp_path):
    whole = toy_runner(ToyClassifier(), tmp_path / 'whole', [vst_hook()], epochs=4)
    whole.train()
    toy_runner(ToyClassifier(), tmp_path / 'parts', [vst_hook()], epochs=2).train()
    resumed = toy_runner(ToyClassifier(), tmp_path / 'parts', [vst_hook()], epochs=4, resume=True)
    resumed.train()
    assert distance(whole.model, resumed.model) < 1e-12


def test_mixed_precision_keeps_losses_in_single_precision_and_every_gradient(tmp_path):
    model = ToyClassifier(norm=True, dtype=torch.float32)
    hook = VSTHook(cam_layer='cam', views=FLIP_AND_HALF, weight=WEIGHT)
    runner = toy_runner(model, tmp_path, [hook], dtype=torch.float32)
    hook.before_train(runner)
    images, samples = samples_of(ToyImages(8, dtype=torch.float32), range(8))
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(images, samples, mode='loss')
    assert losses['loss_vst'].dtype == torch.float32 and losses['loss_vst'].requires_grad
    gradients = torch.autograd.grad(losses['loss_vst'], list(model.parameters()))
    names = [name for name, _ in model.named_parameters()]
    reached = {name for name, gradient in zip(names, gradients, strict=True) if gradient.abs().sum() > 0}
    assert reached >= set(names) - {'features.bias'}  # batch norm takes a bias before it out again
    hook.after_train(runner)


@pytest.mark.parametrize('detach', [False, True])
def test_gradient_through_the_original_can_be_cut(tmp_path, detach):
    model = ToyClassifier()
    hook = VSTHook(cam_layer='cam', views=FLIP_AND_HALF, detach_original=detach)
    hook.before_train(toy_runner(model, tmp_path, [hook]))
    images, samples = samples_of(ToyImages(4), range(4))
    images.requires_grad_()
    seen = []
    handle = model.cam.register_forward_hook(
        lambda module, args, output: (output.retain_grad(), seen.append(output))[0]
    )
    model(images, samples, mode='loss')['loss_vst'].backward()
    handle.remove()
    original, view = seen
    assert view.grad.abs().sum() > 0
    assert (original.grad is None or not original.grad.any()) == detach


def test_plain_linear_head_gives_the_same_loss_as_a_map_layer(tmp_path):

    class LinearHead(ToyClassifier):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3).double()
            self.fc.weight.data = self.cam.weight.data[:, :, 0, 0].clone()
            del self.cam

        def forward(self, inputs, data_samples=None, mode='tensor'):
            logits = self.fc(self.norm(self.features(inputs)).mean(dim=(2, 3)))
            return dict(loss_ce=logits.sum() * 0) if mode == 'loss' else logits

    class MapHead(ToyClassifier):
        def maps(self, inputs):
            return self.cam(self.norm(self.features(inputs)))

    values = []
    for model, layers in (
        (LinearHead(), dict(cam_layer=None, feature_layer='norm', classifier='fc')),
        (MapHead(), dict()),
    ):
        hook = VSTHook(**{name: value for name, value in vst_hook(**layers).items() if name != 'type'})
        hook.before_train(toy_runner(model, tmp_path, [hook]))
        values.append(model(*samples_of(ToyImages(4), range(4)), mode='loss')['loss_vst'].item())
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_acts_only_in_training_and_with_mode_loss(tmp_path):
    model = ToyClassifier()
    hook = VSTHook(cam_layer='cam', views=FLIP_AND_HALF)
    hook.before_train(toy_runner(model, tmp_path, [hook]))
    images, samples = samples_of(ToyImages(4), range(4))
    model.eval()
    assert set(model(images, samples, mode='loss')) == {'loss_ce'}
    model.train()
    assert isinstance(model(images, samples, mode='tensor'), torch.Tensor)
    assert set(model(images, samples, mode='loss')) == {'loss_ce', 'loss_vst'}


def test_an_iteration_without_effect_is_an_error(tmp_path):

    class Frozen(ToyClassifier):
        def train(self, mode=True):
            return super().train(False)

    with pytest.raises(RuntimeError, match='added no loss in iteration 1'):
        toy_runner(Frozen(), tmp_path, [vst_hook()]).train()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(cam_layer='kam'), "cam_layer='kam' does not exist in ToyClassifier; it has: .*features.*cam"),
        (dict(module='localizer'), "module='localizer' does not exist"),
        (dict(cam_layer='norm', views=FLIP_AND_HALF, weight=-1), 'weight must be >= 0, got -1'),
        (dict(cam_layer=None), 'give cam_layer'),
        (dict(feature_layer='norm'), 'go together'),
        (dict(loss_name='vst'), 'must contain "loss"'),
        (dict(normalization='minmax'), 'minmax'),
        (dict(reduction='summ'), 'summ'),
        (dict(channel_order='gbr'), 'channel_order'),
    ],
)
def test_errors_of_bad_settings_name_the_fix(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        toy_runner(ToyClassifier(), tmp_path, [vst_hook(**settings)]).train()


def test_unknown_argument_is_refused():
    with pytest.raises(TypeError, match='wieght'):
        VSTHook(cam_layer='cam', wieght=1)


def test_collapse_is_seen_and_said_once(tmp_path, caplog):
    model = ToyClassifier()
    hook = vst_hook(weight=300.0, reduction='class_sum')
    runner = toy_runner(
        model, tmp_path, [hook], epochs=50, lr=1e-3, default_hooks=dict(logger=dict(type='LoggerHook', interval=1))
    )
    with caplog.at_level(logging.WARNING):
        runner.logger.addHandler(caplog.handler)
        runner.train()
    warnings = [record.message for record in caplog.records if 'collapsing' in record.message]
    assert len(warnings) == 1
    assert 'VSTHook weight=300' in warnings[0] and 'standardize' in warnings[0]


def test_healthy_training_brings_no_warning(tmp_path, caplog):
    runner = toy_runner(
        ToyClassifier(),
        tmp_path,
        [vst_hook(weight=0.01)],
        epochs=5,
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
    )
    with caplog.at_level(logging.WARNING):
        runner.logger.addHandler(caplog.handler)
        runner.train()
    assert not [record for record in caplog.records if 'collapsing' in record.message]


def test_a_resumed_run_is_guarded_against_its_true_beginning(tmp_path):
    first = toy_runner(ToyClassifier(), tmp_path, [vst_hook()], epochs=1)
    first.train()
    beginning = next(hook for hook in first.hooks if isinstance(hook, VSTHook))._guard.first
    other = ToyClassifier()
    with torch.no_grad():
        other.cam.weight.mul_(9)  # what the resumed run would measure, were it not for the record
    resumed = toy_runner(other, tmp_path, [vst_hook()], epochs=2, resume=True)
    resumed.train()
    assert next(hook for hook in resumed.hooks if isinstance(hook, VSTHook))._guard.first == beginning


def test_top_k_of_the_head_is_that_number(tmp_path):
    start = ToyClassifier(classes=3)
    trained = {}
    for name, top_k in (('head', 'head'), ('two', 2), ('all', None)):
        model = copy.deepcopy(start)
        model.top_k = 2
        toy_runner(model, tmp_path / name, [vst_hook(top_k=top_k)]).train()
        trained[name] = model
    assert distance(trained['head'], trained['two']) == 0
    assert distance(trained['head'], trained['all']) > 1e-4
    with pytest.raises(ValueError, match='top_k="head" needs a K at the model.* Give top_k as a number'):
        toy_runner(copy.deepcopy(start), tmp_path / 'none', [vst_hook(top_k='head')]).train()
    with pytest.raises(ValueError, match='goes with cam_layer'):
        VSTHook(feature_layer='features', classifier='fc', top_k='head')


def test_defaults_are_the_form_that_cannot_collapse():
    hook = VSTHook(cam_layer='cam')
    assert (hook.normalization, hook.weight, len(hook.views.views)) == ('standardize', 0.1, 3)
    assert len(VSTHook(cam_layer='cam', views=[]).views.views) == 0  # no view is not all views
    for k in (0, 'heads'):
        with pytest.raises(ValueError, match=f'top_k must be at least 1, "head" or None, got {k!r}'):
            VSTHook(cam_layer='cam', top_k=k)


class OneCellRefused(ToyClassifier):
    """Maps of 2 x 2 cells for images of 8 x 8 pixels; one cell is refused, as CAMHead does."""

    def maps(self, inputs):
        maps = torch.nn.functional.avg_pool2d(super().maps(inputs), 4)
        if maps[0, 0].numel() < 2:
            raise ValueError(f'a map of one cell cannot localize, got {tuple(maps.shape)}')
        return maps


def test_a_view_that_falls_to_one_cell_is_named_with_the_scale_that_fits(tmp_path):
    hook = dict(type='sltnet_mm.VSTHook', cam_layer='cam', views=[dict(type='sltnet_mm.Scale', scales=(0.5,))])
    with pytest.raises(ValueError) as error:
        toy_runner(OneCellRefused(), tmp_path, [hook], side=8).train()
    message = str(error.value)
    for part in ('view of 4 x 4', 'images of 8 x 8', 'one cell cannot localize', 'only the view', 'scales of at least'):
        assert part in message
    assert 'at least 0.25' in message  # `cam` gives 8 x 8 cells here; pooling comes behind it
    with pytest.raises(ValueError, match='^a map of one cell'):
        toy_runner(OneCellRefused(), tmp_path, [hook], side=4).train()
