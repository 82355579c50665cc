"""Steps, fingerprints and the state of runs on disk: nothing is trained here."""

import json

import pytest
from reproduce import drop_checkpoints, missing_runs

from reproduction import RunFolders, Settings, Step, table
from reproduction.commands import CHECKPOINT, step_commands
from reproduction.pool import longest_first, note_start
from reproduction.runs import RESULTS, code_fingerprint, last_checkpoint
from reproduction.steps import fingerprint, step_config

LOCALIZER = Step('train', 'localizer/slt-localizer_squeezenet1-1_1xb16-4e_photos31')
REGRESSOR = next(row.step for row in table(1, 'photos31').rows if row.name == 'VGG16-SLT-Net')
PLAIN = Settings()


def finish(run, *files):
    run.folder.mkdir(parents=True, exist_ok=True)
    for file in (RESULTS, *files):
        (run.folder / file).write_text('{}')


def give_checkpoint(run, epoch=4, elsewhere='/gone'):
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / f'epoch_{epoch}.pth').write_text('')
    (run.folder / 'last_checkpoint').write_text(f'{elsewhere}/epoch_{epoch}.pth')


def test_fingerprint_changes_with_what_decides_the_result_alone():
    same = fingerprint(LOCALIZER, PLAIN)
    for settings in (
        Settings(data_root='/elsewhere'),
        Settings(epochs=4),
        Settings(cfg_options={'train_dataloader.num_workers': 0}),
        Settings(cfg_options={'default_hooks.logger.interval': 1}),
    ):
        assert fingerprint(LOCALIZER, settings) == same
    for settings in (
        Settings(epochs=3),
        Settings(cfg_options={'optim_wrapper.optimizer.lr': 0.1}),
        Settings(cfg_options={'train_dataloader.dataset.indices': 10}),
    ):
        assert fingerprint(LOCALIZER, settings) != same


def test_code_of_results_is_watched_wherever_it_lies(tmp_path):
    files = [tmp_path / name for name in ('functional/cam.py', 'ddt_export.py', 'report/page.py')]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text('1')
    prints = [code_fingerprint(tmp_path)]
    for file in files:
        file.write_text('2')
        code_fingerprint.cache_clear()
        prints.append(code_fingerprint(tmp_path))
    code_fingerprint.cache_clear()
    assert len({*prints[:3]}) == 3 and prints[3] == prints[2]  # a report computes no results


def test_a_point_of_a_sweep_at_the_configs_own_value_is_the_same_run(tmp_path):
    folders = RunFolders(tmp_path, PLAIN)
    own = step_config(LOCALIZER, PLAIN).model.head.loss.top_k
    points = [Step('train', LOCALIZER.config, (('model.head.loss.top_k', k),)) for k in (own, own + 1)]
    assert folders.run(points[0], 0) == folders.run(LOCALIZER, 0) != folders.run(points[1], 0)
    assert len(missing_runs([LOCALIZER, *points], folders, [0, 1])) == 4


def test_needed_steps_are_part_of_the_fingerprint():
    by_teacher = fingerprint(REGRESSOR, PLAIN)
    (key, boxes, file), *others = REGRESSOR.inputs
    _, teacher, checkpoint = boxes.inputs[0]
    changed = Step('train', teacher.config, (('model.head.loss.alpha', 0.9),))
    other_boxes = Step(boxes.tool, boxes.config, boxes.options, (('checkpoint', changed, checkpoint),))
    other_split = Step(boxes.tool, boxes.config, (('split', 'val'),), boxes.inputs)
    for other in (other_boxes, other_split):
        assert fingerprint(Step('train', REGRESSOR.config, (), ((key, other, file), *others)), PLAIN) != by_teacher


def test_only_missing_steps_of_a_chain_are_run_in_order(tmp_path):
    folders = RunFolders(tmp_path, PLAIN)
    todo = folders.todo(REGRESSOR, 3)
    assert [run.step.tool for run in todo] == ['train', 'pseudo_boxes', 'train'] and {run.seed for run in todo} == {3}
    localizer, boxes, regressor = todo
    finish(localizer)
    assert folders.todo(REGRESSOR, 3) == todo  # its checkpoint is gone, and the boxes want it
    give_checkpoint(localizer)
    assert folders.todo(REGRESSOR, 3) == [boxes, regressor]
    finish(boxes, 'boxes.json')
    assert folders.todo(REGRESSOR, 3) == [regressor]
    (localizer.folder / 'epoch_4.pth').unlink()
    assert folders.todo(REGRESSOR, 3) == [regressor]  # the boxes are there: nobody wants the checkpoint any more
    finish(regressor)
    assert folders.todo(REGRESSOR, 3) == []
    assert len(folders.todo(REGRESSOR, 4)) == 3


def test_states(tmp_path):
    folders = RunFolders(tmp_path, PLAIN)
    run = folders.run(LOCALIZER, 0)
    assert run.state == 'missing' and run.results() is None
    note_start(run, PLAIN)
    assert run.state == 'interrupted'
    (run.folder / 'failed.txt').write_text('Traceback')
    assert run.state == 'failed'
    note_start(run, PLAIN)
    assert run.state == 'interrupted'  # it is tried again
    finish(run)
    assert run.state == 'done'
    note_start(run, PLAIN)
    assert run.state == 'interrupted'  # results of an earlier time do not stand for what runs now
    started = json.loads((run.folder / 'run.json').read_text())
    assert started['seed'] == 0 and started['config'].endswith('photos31.py') and len(started['commands']) == 2


def test_only_complete_checkpoints_count_and_their_folder_may_move(tmp_path):
    run = RunFolders(tmp_path / 'here', PLAIN).run(LOCALIZER, 0)
    assert run.file(CHECKPOINT) is None
    give_checkpoint(run, 2)
    (run.folder / 'epoch_3.pth').write_text('half of it')  # killed while it was written: mmengine has not noted it
    assert run.file(CHECKPOINT).name == 'epoch_2.pth'
    (tmp_path / 'here').rename(tmp_path / 'there')
    moved = RunFolders(tmp_path / 'there', PLAIN).run(LOCALIZER, 0)
    assert moved.file(CHECKPOINT) == last_checkpoint(moved.folder) == moved.folder / 'epoch_2.pth'
    (moved.folder / 'epoch_2.pth').unlink()
    assert moved.file(CHECKPOINT) is None


def test_results_of_a_changed_config_are_kept_and_named(tmp_path):
    before = RunFolders(tmp_path, Settings(cfg_options={'optim_wrapper.optimizer.lr': 0.1}))
    old = before.run(LOCALIZER, 0)
    note_start(old, before.settings)
    folders = RunFolders(tmp_path, PLAIN)
    new = folders.run(LOCALIZER, 0)
    assert folders.superseded(new) == []  # it never ended
    finish(old)
    assert new.state == 'missing' and folders.superseded(new) == [old.folder]
    assert folders.superseded(folders.run(LOCALIZER, 1)) == []
    sweep = Step('train', LOCALIZER.config, (('model.head.loss.alpha', 0.9),))
    assert folders.superseded(folders.run(sweep, 0)) == []


def test_commands_include_all_changes_to_the_config(tmp_path):
    settings = Settings(epochs=2, data_root='/data', cfg_options={'train_dataloader.dataset.indices': 8})
    folders = RunFolders(tmp_path, settings)
    localizer, boxes, regressor = folders.todo(REGRESSOR, 5)
    train, test = step_commands(regressor, settings)
    assert train.startswith('python tools/train.py configs/regressor/regressor_squeezenet1-1_1xb16-4e_photos31.py ')
    for part in (
        '--data-root /data',
        'train_cfg.max_epochs=2',
        'randomness.seed=5',
        'train_dataloader.dataset.dataset.indices=8',  # the data set inside the one that adds the boxes
        f'train_dataloader.dataset.boxes={boxes.folder}/boxes.json',
    ):
        assert part in train and (part not in test or part.startswith('--data'))
    assert test.startswith('python tools/test.py ') and f'{regressor.folder}/epoch_2.pth' in test
    (export,) = step_commands(boxes, settings)
    give_checkpoint(localizer, 1)
    (export_now,) = step_commands(boxes, settings)
    assert f'{localizer.folder}/epoch_1.pth' in export_now  # as it is
    assert f'{localizer.folder}/epoch_2.pth' in export  # as it will be
    assert '--split train' in export and f'--out {boxes.folder}/boxes.json' in export


def test_epochs_move_the_end_of_schedules_too():
    cosine = Step('train', 'localizer/cam_small-conv_1xb32-10e_synthetic')
    cfg = step_config(cosine, Settings(epochs=3))
    assert cfg.train_cfg.max_epochs == 3 and cfg.train_cfg.val_interval == 1
    assert [scheduler.get('T_max') for scheduler in cfg.param_scheduler] == [None, 3]
    assert step_config(cosine, PLAIN).param_scheduler[1].T_max == 10


def test_a_pretrained_classifier_is_tested_once_and_not_trained(tmp_path):
    row = next(row for row in table(3, 'ilsvrc').rows if row.name == 'VGG16-SLT-Net')
    classifier = next(step for step in row.step.chain() if step.config.startswith('classifier/'))
    folders = RunFolders(tmp_path, Settings(epochs=1))
    assert not classifier.trains and folders.run(classifier, 0) == folders.run(classifier, 1)
    cfg = step_config(classifier, Settings(epochs=1))
    assert cfg.get('train_cfg') is None
    (command,) = step_commands(folders.run(classifier, 0), PLAIN)
    assert command.startswith('python tools/test.py') and '--out-scores' in command and 'epoch_' not in command


def test_longest_chain_is_run_first(tmp_path):
    folders = RunFolders(tmp_path, PLAIN)
    steps = [row.step for row in table(5, 'photos31').rows[1:3]] + [REGRESSOR, table(5, 'photos31').rows[0].step]
    order = longest_first(missing_runs(steps, folders, [0]), folders)
    names = [(run.step.tool, run.step.config.split('/')[1].split('_')[0]) for run in order]
    assert names[:2] == [('train', 'cam'), ('train', 'slt-localizer')]  # 12 epochs; 4 and then the regressor's 4
    assert names.index(('pseudo_boxes', 'slt-localizer')) < names.index(('train', 'regressor')) and len(order) == 6


def test_checkpoints_are_dropped_from_finished_runs_only(tmp_path):
    folders = RunFolders(tmp_path, PLAIN)
    done, running = folders.run(LOCALIZER, 0), folders.run(LOCALIZER, 1)
    for run in (done, running):
        give_checkpoint(run)
    finish(done)
    drop_checkpoints([done, running])
    assert done.file(CHECKPOINT) is None and done.state == 'done' and running.file(CHECKPOINT) is not None


def test_no_such_config():
    step = Step('train', 'localizer/none')
    assert step.missing == ['configs/localizer/none.py'] and not step.exists
    with pytest.raises(FileNotFoundError, match='none.py does not exist'):
        fingerprint(step, PLAIN)
