"""Hooks that warn of trainings that come to nothing: another preprocessing, a loss that does not fall."""

import logging

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.model import ImgDataPreprocessor
from torch import nn

from sltnet_mm.hooks import FirstEpochHook, PreprocessingHook
from sltnet_mm.hooks.preprocessing_hook import MOST_LABELS, USUAL, Preprocessing, nearest_mean_hits, preprocessing_of


class Images:
    """Twelve dim images per class, told apart by the amount of red, as a data set gives them (BGR, 0-255)."""

    def __len__(self):
        return 24

    def get_data_info(self, index):
        return dict(gt_label=index % 2)

    def __getitem__(self, index):
        image = torch.randint(100, 140, (3, 8, 8), generator=torch.Generator().manual_seed(index))
        image[2] += 70 * (index % 2)
        return dict(inputs=image.to(torch.uint8))


class Saturating(nn.Module):
    """Reads red as the first channel, and only near 0: it wants RGB images divided by their deviation."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images):
        return (torch.cat([torch.tanh(images[:, :1]), 0 * images[:, 1:]], dim=1) * self.weight,)


def model_with(rgb, mean, std):
    model = nn.Module()
    model.backbone = Saturating()
    model.data_preprocessor = ImgDataPreprocessor(mean=mean, std=std, bgr_to_rgb=rgb)
    return model


class Run:
    """What the hooks read of a runner."""

    def __init__(self, name, **values):
        self.logger = logging.getLogger(name)
        self.iter = self.epoch = 0
        self.message_hub = MessageHub.get_instance(name)
        self.train_dataloader = Config(dict())
        for key, value in values.items():
            setattr(self, key, value)


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(('name', 'warned'), [("torchvision's", False), ("Caffe's", True)])
def test_weights_with_another_preprocessing_are_noticed(caplog, request, name, warned):
    caplog.set_level(logging.INFO)
    loader = type('Loader', (), dict(dataset=Images()))()
    PreprocessingHook(images=24).before_train(
        Run(request.node.nodeid, model=model_with(*USUAL[name]), train_dataloader=loader)
    )
    messages = warnings_of(caplog)
    assert len(messages) == warned
    if warned:
        assert 'than the config (BGR, mean=[103.939, 116.779, 123.68], std=[1.0, 1.0, 1.0])' in messages[0]
        assert messages[0].endswith('to RGB, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]')
    assert 'guessing: 50%' in caplog.text


def test_resumed_runs_and_few_images_are_left_alone(caplog):
    caplog.set_level(logging.INFO)
    loader = type('Loader', (), dict(dataset=Images()))()
    model = model_with(*USUAL["Caffe's"])
    PreprocessingHook().before_train(Run('resumed', model=model, train_dataloader=loader, iter=5))
    loader.dataset = [Images()[0]] * 2
    assert PreprocessingHook()._chosen(Images()) and not caplog.records
    model.data_preprocessor = nn.Identity()
    assert preprocessing_of(model) is None


def test_a_huge_data_set_is_not_read_whole():
    read = []

    class Huge:
        def __len__(self):
            return 1_281_167

        def get_data_info(self, index):
            read.append(index)
            return dict(gt_label=index // 1300)

    chosen = PreprocessingHook()._chosen(Huge())
    assert len(read) <= MOST_LABELS and read[-1] > 1_281_000  # from the first to the last class
    assert len(chosen) == 96 and len({index // 1300 for index in chosen}) == 16


def test_an_outlier_is_not_nearest_to_its_own_class():
    features = torch.cat([torch.eye(2)[[0]].repeat(4, 1), torch.eye(2)[[1]].repeat(4, 1)])
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1])  # the fourth lies among the zeros
    assert nearest_mean_hits(features, labels).tolist() == [True] * 3 + [False] + [True] * 4


def test_preprocessing_is_read_as_the_config_says():
    assert preprocessing_of(model_with(True, [1, 2, 3], [4, 5, 6])) == Preprocessing(True, (1.0, 2, 3), (4.0, 5, 6))
    assert not preprocessing_of(model_with(False, [1, 2, 3], [4, 5, 6])).rgb


def run_with(name, losses, shares=()):
    runner = Run(name, model=nn.Module(), iter=len(losses))
    runner.model.head = nn.Identity()
    runner.model.head.num_classes = 4
    for loss in losses:
        runner.message_hub.update_scalar('train/loss_smt', loss)
    for share in shares:
        runner.message_hub.update_scalar('train/whole_image_boxes', share)
    return runner


def test_a_loss_that_does_not_fall_is_noticed(caplog):
    FirstEpochHook().after_train_epoch(run_with('falls', [1.4 - 0.02 * i for i in range(20)]))
    assert not caplog.records
    FirstEpochHook().after_train_epoch(run_with('rises', [1.4 + 0.02 * i for i in range(20)]))
    (message,) = warnings_of(caplog)
    assert message.startswith('loss_smt did not fall in the first epoch: 1.44 in its first quarter, 1.74 in its last')
    assert 'guessing among 4 classes has log C = 1.39' in message and 'data_preprocessor' in message


def test_whole_image_boxes_are_noticed(caplog):
    falling = [1.4 - 0.02 * i for i in range(20)]
    FirstEpochHook().after_train_epoch(run_with('late boxes', falling, [1.0, 1, 0, 0]))
    assert not caplog.records
    FirstEpochHook().after_train_epoch(run_with('no boxes', falling, [0.0, 0, 1, 0.7]))
    assert warnings_of(caplog)[0].startswith(
        '70% of the pseudo boxes at the end of the first epoch are the whole image'
    )


def test_only_the_first_epoch_and_long_ones_are_looked_at(caplog):
    later = run_with('later', [1.0] * 20)
    later.epoch = 1
    FirstEpochHook().after_train_epoch(later)
    FirstEpochHook().after_train_epoch(run_with('short', [1.0] * 5))
    assert not caplog.records


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: FirstEpochHook(least_iterations=1), 'least_iterations must be at least 4, got 1'),
        (lambda: FirstEpochHook(most_whole_images=2), r'most_whole_images must be in \[0, 1\], got 2'),
        (lambda: PreprocessingHook(images=2), 'images must be at least 16 and classes at least 2, got 2 and 16'),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
