"""ADLHook against a layer written into the model."""

import copy

import pytest
import torch
from toy import FLIP_AND_HALF, ToyClassifier, toy_runner

from sltnet_mm.hooks import ADLHook


class WithADL(ToyClassifier):
    """ADL in the model's own code, image by image."""

    def __init__(self, drop, gamma):
        super().__init__()
        self.drop, self.gamma = drop, gamma

    def maps(self, inputs):
        features = torch.relu(self.norm(self.features(inputs)))
        if self.training:
            changed = []
            for image in features:
                attention = image.mean(0)
                if self.drop:
                    changed.append(image * (attention < self.gamma * attention.max()).to(image))
                else:
                    changed.append(image / (1 + torch.exp(-attention)))
            features = torch.stack(changed)
        return self.cam(features)


class Split(ToyClassifier):
    """The same network with its ReLU as a layer, for the hook."""

    def __init__(self):
        super().__init__()
        self.act = torch.nn.ReLU()

    def maps(self, inputs):
        return self.cam(self.act(self.norm(self.features(inputs))))


@pytest.mark.parametrize('drop', [True, False])
def test_training_equals_a_network_that_has_the_layer(tmp_path, drop):
    own, host, plain = WithADL(drop, 0.6), Split(), Split()
    hook = dict(type='sltnet_mm.ADLHook', layers=['act'], drop_rate=float(drop), gamma=0.6)
    toy_runner(own, tmp_path, [], epochs=2).train()
    toy_runner(host, tmp_path, [hook], epochs=2).train()
    toy_runner(plain, tmp_path, [], epochs=2).train()
    for name, value in own.state_dict().items():
        torch.testing.assert_close(host.state_dict()[name], value, atol=1e-9, rtol=1e-9)
    assert not torch.allclose(host.cam.weight, plain.cam.weight, atol=1e-6)
    assert not any(module._forward_hooks for module in host.modules())


def test_it_does_nothing_in_eval_mode_and_one_draw_is_for_the_batch(tmp_path):
    hook, model = ADLHook(['act'], drop_rate=0.5, gamma=0.5), Split()
    torch.nn.init.constant_(model.features.bias, 10)  # no feature is zero of itself
    runner = toy_runner(model, tmp_path, [])
    hook.before_train(runner)
    inputs = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    plain = copy.deepcopy(model)
    plain.act._forward_hooks.clear()
    model.eval()
    torch.testing.assert_close(model(inputs), plain(inputs))
    model.train()
    kinds = set()
    for seed in range(8):
        torch.manual_seed(seed)
        seen = {}
        handle = model.act.register_forward_hook(lambda m, a, o, seen=seen: seen.update(o=o))
        model(inputs)
        handle.remove()
        zero = (seen['o'] == 0).all(1).flatten(1).any(1)  # a dropped cell is zero in all channels
        assert zero.all() or not zero.any()
        kinds.add(bool(zero.all()))
    assert kinds == {True, False}
    hook.after_train(runner)
    assert not model.act._forward_hooks


def test_it_works_below_vst(tmp_path):
    vst = dict(type='sltnet_mm.VSTHook', cam_layer='cam', views=FLIP_AND_HALF, weight=0.5)
    toy_runner(Split(), tmp_path, [dict(type='sltnet_mm.ADLHook', layers=['act']), vst]).train()


def test_bad_settings_and_layers_are_refused(tmp_path):
    for settings, message in (
        (dict(layers=[]), 'at least one layer'),
        (dict(layers=['a'], gamma=2), 'gamma must be in'),
        (dict(layers=['a'], drop_rate=-1), 'drop_rate must be in'),
    ):
        with pytest.raises(ValueError, match=message):
            ADLHook(**settings)
    with pytest.raises(ValueError, match="layers='pool3' does not exist in Split; it has: .*act"):
        toy_runner(Split(), tmp_path, [dict(type='sltnet_mm.ADLHook', layers=['pool3'])]).train()
    with pytest.raises(TypeError, match='must return feature maps'):
        hook = ADLHook(['act'])
        hook._drop(torch.nn.ReLU().train(), (), torch.zeros(2, 5))
