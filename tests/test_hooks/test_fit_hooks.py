"""Hooks that stop hopeless runs, and the one that logs statistics."""

import pytest
import torch
from mmengine.hooks import Hook
from toy import ToyClassifier, ToyImages, toy_runner

FINITE = dict(type='sltnet_mm.FiniteLossHook')


class Exploding(ToyClassifier):
    """Its loss is NaN from the second iteration on."""

    calls = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        outputs = super().forward(inputs, data_samples, mode)
        self.calls += 1
        return dict(loss_ce=outputs['loss_ce'] * (float('nan') if self.calls > 1 else 1)) if mode == 'loss' else outputs


def test_nan_stops_with_the_iteration_and_the_files(tmp_path):
    with pytest.raises(FloatingPointError) as error:
        toy_runner(Exploding(), tmp_path, [FINITE], images=12, batch=4).train()
    message = str(error.value)
    assert 'loss_ce = nan' in message and 'iteration 2' in message
    assert 'image4.jpg, image5.jpg, image6.jpg, image7.jpg' in message and 'image3.jpg' not in message


def test_finite_losses_pass(tmp_path):
    toy_runner(ToyClassifier(), tmp_path, [FINITE]).train()


class Headed(ToyClassifier):
    """The toy with a head that says how many classes it has."""

    def __init__(self, classes):
        super().__init__()
        self.head = torch.nn.Identity()
        self.head.num_classes = classes


def test_class_counts_are_compared_before_training(tmp_path):
    hook = dict(type='sltnet_mm.DataFitHook')
    with pytest.raises(ValueError, match=r'model.head.num_classes is 5, but the training data has 3 classes \(a, b, c'):
        toy_runner(Headed(5), tmp_path, [hook]).train()
    two_stages = Headed(3)
    two_stages.rpn_head = torch.nn.Identity()
    two_stages.rpn_head.num_classes = 1
    toy_runner(two_stages, tmp_path, [hook]).train()


def test_too_few_images_for_a_batch_are_an_error(tmp_path):
    runner = toy_runner(ToyClassifier(), tmp_path, [dict(type='sltnet_mm.DataFitHook')], images=3, drop_last=True)
    with pytest.raises(ValueError, match='the 3 training images do not fill one batch of 8'):
        runner.train()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda weights: weights.pop('cam.weight'), r'1 parameters missing from it \(cam.weight\)'),
        (
            lambda weights: weights.update({'cam.weight': torch.zeros(9, 4, 1, 1)}),
            r'cam.weight: \(9, 4, 1, 1\) in the checkpoint, \(3, 4',
        ),
    ],
)
def test_checkpoint_of_another_model_is_refused(tmp_path, change, message):
    weights = ToyClassifier().state_dict()
    change(weights)
    torch.save(dict(state_dict=weights), tmp_path / 'other.pth')
    runner = toy_runner(
        ToyClassifier(), tmp_path, [dict(type='sltnet_mm.CheckpointFitHook')], load_from=str(tmp_path / 'other.pth')
    )
    with pytest.raises(ValueError, match=message):
        runner.train()
    allowed = toy_runner(
        ToyClassifier(),
        tmp_path,
        [dict(type='sltnet_mm.CheckpointFitHook', may_miss=['cam.'])],
        load_from=str(tmp_path / 'other.pth'),
    )
    allowed.train()


def test_checkpoint_of_the_model_is_taken_also_from_a_wrapped_one(tmp_path):
    weights = {f'module.{name}': value for name, value in ToyClassifier().state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'same.pth')
    toy_runner(
        ToyClassifier(), tmp_path, [dict(type='sltnet_mm.CheckpointFitHook')], load_from=str(tmp_path / 'same.pth')
    ).train()


def test_statistics_are_logged_at_the_interval_only(tmp_path):

    class Counting(ToyClassifier):
        def __init__(self):
            super().__init__()
            self.statistics = {}

        def forward(self, inputs, data_samples=None, mode='tensor'):
            self.statistics['calls'] = self.statistics.get('calls', torch.zeros(())) + 1
            return super().forward(inputs, data_samples, mode)

    class Fetched(Hook):
        priority = 'LOWEST'
        seen: list = []

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            scalars = runner.message_hub.log_scalars
            self.seen.append(scalars['train/calls'].current() if 'train/calls' in scalars else None)

    fetched = Fetched()
    toy_runner(
        Counting(),
        tmp_path,
        [dict(type='sltnet_mm.StatisticsHook'), fetched],
        images=16,
        batch=4,
        default_hooks=dict(logger=dict(type='LoggerHook', interval=2)),
    ).train()
    assert fetched.seen == [None, 2, 2, 4]


class Named(torch.utils.data.Dataset):
    """The toy's images under other class names."""

    def __init__(self, classes):
        self.images, self.metainfo = ToyImages(4), dict(classes=classes)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


def loop_settings(split, classes):
    loader = dict(
        dataset=Named(classes),
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )
    return {f'{split}_dataloader': loader, f'{split}_cfg': {}, f'{split}_evaluator': []}


class Predicting(Headed):
    def __init__(self):
        super().__init__(3)

    def val_step(self, data):
        return data['data_samples']

    test_step = val_step


@pytest.mark.parametrize('classes', [('b', 'a', 'c'), ('a', 'c')])
def test_evaluated_data_must_have_the_classes_of_training(tmp_path, classes):
    hook = dict(type='sltnet_mm.DataFitHook')
    with pytest.raises(ValueError, match=r'the training data: \[a, b, c\]; the validation data: \[(b, a, c|a, c)\]'):
        toy_runner(Predicting(), tmp_path, [hook], **loop_settings('val', classes)).train()
    runner = toy_runner(Predicting(), tmp_path, [hook], **loop_settings('test', classes))
    runner.train()
    with pytest.raises(ValueError, match=r'the training data: \[a, b, c\]; the test data: \[(b, a, c|a, c)\]'):
        runner.test()


def test_evaluated_data_must_have_the_classes_of_the_checkpoint(tmp_path):
    model = Predicting()
    meta = dict(dataset_meta=dict(classes=('a', 'b', 'c')), epoch=0, iter=0)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'abc.pth')
    hook, start = dict(type='sltnet_mm.CheckpointFitHook'), dict(load_from=str(tmp_path / 'abc.pth'))
    toy_runner(model, tmp_path, [hook], **start, **loop_settings('test', ('a', 'b', 'c'))).test()
    for split in ('val', 'test'):
        runner = toy_runner(model, tmp_path, [hook], **start, **loop_settings(split, ('c', 'b', 'a')))
        with pytest.raises(ValueError, match=r'the checkpoint: \[a, b, c\]; the (validation|test) data: \[c, b, a\]'):
            getattr(runner, split)()
    # a model without classes, such as a regressor, finds any object
    toy_runner(predicting_no_classes(), tmp_path, [hook], **start, **loop_settings('test', ('c', 'b', 'a'))).test()


def predicting_no_classes():
    model = Predicting()
    del model.head.num_classes
    return model


def test_fine_tuning_on_other_classes_passes_and_resuming_does_not(tmp_path):
    hook = dict(type='sltnet_mm.CheckpointFitHook')
    toy_runner(Predicting(), tmp_path, [hook]).train()
    checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)
    checkpoint['meta']['dataset_meta']['classes'] = ('x', 'y', 'z')
    torch.save(checkpoint, tmp_path / 'xyz.pth')
    toy_runner(Predicting(), tmp_path / 'tuned', [hook], load_from=str(tmp_path / 'xyz.pth')).train()
    with pytest.raises(ValueError, match=r'the checkpoint: \[x, y, z\]; the training data: \[a, b, c\]'):
        toy_runner(Predicting(), tmp_path, [hook], load_from=str(tmp_path / 'xyz.pth'), resume=True, epochs=2).train()
