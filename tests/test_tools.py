"""train, merge, test and export from the command line, as a user runs them."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALL = [
    'train_cfg.max_epochs=1',
    'train_cfg.val_interval=1',
    'train_dataloader.dataset.num_images=48',
    'val_dataloader.dataset.num_images=12',
    'test_dataloader.dataset.num_images=24',
]


def run(*command: object) -> str:
    result = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    return result.stdout + result.stderr


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """An SLT-Net and a classifier after one short epoch, and the file that holds both."""
    folder = tmp_path_factory.mktemp('tools')
    for name, config in (
        ('slt', 'slt_net/slt-net_small-conv_1xb32-10e_synthetic'),
        ('classifier', 'classifier/classifier_small-conv_1xb32-10e_synthetic'),
    ):
        run(
            'tools/train.py',
            f'configs/{config}.py',
            '--work-dir',
            folder / name,
            '--auto-scale-lr',
            '--cfg-options',
            *SMALL,
        )
    merge = [
        'tools/model_converters/merge_parts.py',
        folder / 'slt/epoch_1.pth',
        '--classifier',
        folder / 'classifier/epoch_1.pth',
        '--out',
        folder / 'merged.pth',
    ]
    run(*merge)
    assert (
        subprocess.run([sys.executable, *map(str, merge)], capture_output=True, cwd=ROOT).returncode == 2
    )  # never overwritten unasked
    return folder


def test_joined_model_is_tested_by_both_hosts_metrics(trained):
    output = run(
        'tools/test.py',
        'configs/slt_net/slt-net-joined_small-conv_1xb32-10e_synthetic.py',
        trained / 'merged.pth',
        '--work-dir',
        trained / 'test',
        '--out',
        trained / 'out.pkl',
        '--show-dir',
        'pictures',
        '--cfg-options',
        SMALL[-1],
    )
    for number in ('map/sltnet/gt_known', 'box/sltnet/gt_known', 'pascal_voc/mAP', 'coco/bbox_mAP_50', 'accuracy/top1'):
        assert number in output
    predictions = pickle.loads((trained / 'out.pkl').read_bytes())
    assert len(predictions) == 24 and predictions[0]['pred_instances']['bboxes'].shape == (5, 4)
    assert len(list((trained / 'test').rglob('pictures/**/*.*'))) == 24


def test_mmdets_own_inferencer_takes_the_joined_model(trained):
    from mmdet.apis import DetInferencer

    config = ROOT / 'configs/slt_net/slt-net-joined_small-conv_1xb32-10e_synthetic.py'
    inferencer = DetInferencer(str(config), str(trained / 'merged.pth'), device='cpu', show_progress=False)
    found = inferencer('synthetic://seed0-size64/test/000003-03.png', no_save_vis=True)['predictions'][0]
    assert len(found['bboxes']) == len(found['labels']) == 5
    x1, y1, x2, y2 = found['bboxes'][0]
    assert 0 <= x1 <= x2 <= 64 and 0 <= y1 <= y2 <= 64


def test_training_resumes(trained):
    output = run(
        'tools/train.py',
        'configs/slt_net/slt-net_small-conv_1xb32-10e_synthetic.py',
        '--work-dir',
        trained / 'slt',
        '--resume',
        '--cfg-options',
        *SMALL[1:],
        'train_cfg.max_epochs=2',
    )
    assert 'resumed epoch: 1' in output and (trained / 'slt/epoch_2.pth').exists()


@pytest.mark.parametrize(
    ('command', 'message'),
    [
        (['tools/train.py', 'configs/none.py'], 'config configs/none.py does not exist'),
        (
            ['tools/test.py', 'configs/localizer/cam_small-conv_1xb32-10e_synthetic.py', 'none.pth'],
            'checkpoint: the file none.pth does not exist',
        ),
    ],
)
def test_bad_arguments(command, message):
    result = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode != 0 and message in result.stderr


def test_checkpoint_of_another_role_is_refused(trained):
    result = subprocess.run(
        [
            sys.executable,
            'tools/test.py',
            'configs/localizer/cam_small-conv_1xb32-10e_synthetic.py',
            str(trained / 'classifier/epoch_1.pth'),
            '--work-dir',
            str(trained / 'x'),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode != 0 and 'the checkpoint is of another model or class count' in result.stderr


HELP = """
import contextlib, io, runpy, sys
for tool in sys.argv[1:]:
    sys.argv = [tool, '--help']
    sys.path.insert(0, str(__import__('pathlib').Path(tool).parent))
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        runpy.run_path(tool, run_name='__main__')
    sys.path.pop(0)
    assert 'usage' in shown.getvalue(), tool
    assert 'torch' not in sys.modules, tool
"""


def test_help_and_lists_do_not_wait_for_torch(tmp_path):
    tools = [path for path in sorted((ROOT / 'tools').rglob('*.py')) if "__name__ == '__main__'" in path.read_text()]
    assert len(tools) > 15
    run('-c', HELP, *tools)
    listing = (
        'import runpy, sys; sys.path.insert(0, "tools"); runpy.run_path("tools/reproduce.py")["main"](); '
        'assert "torch" not in sys.modules'
    )
    assert 'tools/train.py' in run(
        '-c', listing, '--table', '5', '--dataset', 'photos31', '--list', '--work-dir', tmp_path
    )


def test_threads_of_the_tools_do_not_wait_in_a_busy_loop():
    """OpenMP reads the variable when torch is imported, so the tools set it before."""
    code = (
        'import os, sys; import sltnet_mm.command_line; assert "torch" not in sys.modules; '
        'print(os.environ["OMP_WAIT_POLICY"])'
    )
    environment = {name: value for name, value in os.environ.items() if name != 'OMP_WAIT_POLICY'}
    for given, expected in (({}, 'PASSIVE'), ({'OMP_WAIT_POLICY': 'ACTIVE'}, 'ACTIVE')):
        run = subprocess.run(
            [sys.executable, '-c', code], env=environment | given, capture_output=True, text=True, check=True
        )
        assert run.stdout.split()[-1] == expected
