"""The config of a run: seed, protocols, files of earlier runs, resuming. Nothing is trained."""

import pytest
import torch

from reproduction import RunFolders, Settings, table
from reproduction.training import PROTOCOLS, run_config

REGRESSOR = next(row.step for row in table(1, 'synthetic').rows if row.name == 'VGG16-SLT-Net')


@pytest.fixture
def run(tmp_path):
    """The offline regressor with seed 3, after the runs that it needs."""
    run = RunFolders(tmp_path, Settings()).run(REGRESSOR, 3)
    for _, earlier, file in run.inputs:
        earlier.folder.mkdir(parents=True)
        (earlier.folder / file).write_text('{}')
    return run


def test_a_run_has_its_seed_its_folder_and_the_files_of_earlier_runs(run):
    cfg = run_config(run, Settings())
    assert cfg.randomness.seed == 3 and cfg.work_dir == str(run.folder) and not cfg.resume
    files = {key: str(earlier.folder / file) for key, earlier, file in run.inputs}
    assert cfg.train_dataloader.dataset.boxes == files['train_dataloader.dataset.boxes']
    assert cfg.test_evaluator[0].score_file == files['test_evaluator.0.score_file'] and len(files) == 2
    assert cfg.test_evaluator[0].protocols == PROTOCOLS and 'protocols' not in cfg.val_evaluator[0]
    assert [hook.type for hook in cfg.custom_hooks] == ['sltnet_mm.IoUHistoryHook']


def test_interrupted_run_resumes_from_its_checkpoint(run):
    run.folder.mkdir(parents=True)
    torch.save(dict(meta=dict(iter=9), state_dict={}, message_hub={}, optimizer={}), run.folder / 'epoch_2.pth')
    (run.folder / 'last_checkpoint').write_text('/before/the/move/epoch_2.pth')
    cfg = run_config(run, Settings())
    assert cfg.resume and cfg.load_from == str(run.folder / 'epoch_2.pth')


def test_a_missing_file_is_named(run):
    _, earlier, file = run.inputs[0]
    (earlier.folder / file).unlink()
    with pytest.raises(FileNotFoundError, match=f'{file}, which does not exist'):
        run_config(run, Settings())
