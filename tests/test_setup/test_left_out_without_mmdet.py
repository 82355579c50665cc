"""The list of what needs mmdet names things that exist, and leaves out what it names and nothing else."""

import subprocess
import sys

import pytest
from without_mmdet import FILES, ROOT, TESTS, needs_mmdet


@pytest.mark.parametrize('file', [*FILES, *TESTS])
def test_names_exist(file):
    text = (ROOT / file).read_text()
    for test in TESTS.get(file, ()):
        assert f'def {test.partition("[")[0].rpartition(".")[2]}(' in text
    assert not (file in FILES and file in TESTS)


@pytest.mark.parametrize(
    ('nodeid', 'expected'),
    [
        ('tests/test_frames.py::test_flip_stays_undone', True),
        ('tests/test_frames.py::test_flip_stays_undone_too', False),
        ('tests/test_frames.py::test_a_dot_is_found_back_after_mmdets_resize_and_crop[3]', True),
        ('tests/test_frames.py::test_boxes_are_clipped_to_their_own_image', False),
        ('tests/test_configs.py::test_model_builds_on_the_meta_device[slt-net_vgg16_1xb16-4e_cub]', True),
        ('tests/test_configs.py::test_model_builds_on_the_meta_device[slt-localizer_vgg16_1xb16-4e_cub]', False),
        ('sltnet_mm/hosts.py::sltnet_mm.hosts.require_host', True),
        ('sltnet_mm/hosts.py::sltnet_mm.hosts.check_hosts', False),
    ],
)
def test_what_is_left_out(nodeid, expected):
    assert needs_mmdet(nodeid) is expected


def test_a_run_says_what_it_left_out():
    collect = [sys.executable, '-m', 'pytest', '--collect-only', '-p', 'no:cacheprovider', '-p', 'without_mmdet']
    path = {'PYTHONPATH': str(ROOT / 'tests')}
    result = subprocess.run(
        [*collect, 'tests/test_frames.py', 'tests/test_detector'], capture_output=True, text=True, cwd=ROOT, env=path
    )
    assert result.returncode == 0, result.stdout
    collected, said = result.stdout.split('left out: no mmdet')
    assert 'tests/test_frames.py::test_boxes_are_clipped_to_their_own_image\n' in collected
    for name in ('tests/test_frames.py::test_flip_stays_undone', 'tests/test_detector/test_mmdet_training.py'):
        assert name not in collected and name + '\n' in said
    assert '7 deselected' in said  # Six of test_frames.py, one of test_coco_export.py.
