"""What needs mmdet among the tests, and a pytest plugin (`-p without_mmdet`) that leaves it out and says so.

For an environment whose mmcv has no compiled operators, and which has therefore no mmdet (`make test-official`).
Everything else stays: a test that needs mmdet and is not named here fails there.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HAS_MMDET = find_spec('mmdet') is not None
# SLTNet and the regressor are mmdet's detectors: these files are about nothing else, or cannot be imported without it.
FILES = (
    'sltnet_mm/models/slt_net.py',
    'tests/test_datasets/test_pseudo_box_dataset.py',
    'tests/test_detector/test_mmdet_training.py',
    'tests/test_docs/test_your_data_page.py',
    'tests/test_models/test_single_box_head.py',
    'tests/test_models/test_slt_net.py',
)
# Of other files: tests by name, with all their parameters or (with a bracket) those whose parameters begin so.
TESTS = {
    'sltnet_mm/hosts.py': ('sltnet_mm.hosts.require_host',),
    'tests/test_box_files.py': ('test_is_what_mmdet_reads',),
    'tests/test_config_recipes.py': ('test_the_page_on_networks_counts_right',),
    'tests/test_configs.py': (
        'test_model_builds_on_the_meta_device[faster-rcnn',
        'test_model_builds_on_the_meta_device[psol',
        'test_model_builds_on_the_meta_device[regressor',
        'test_model_builds_on_the_meta_device[retinanet',
        'test_model_builds_on_the_meta_device[rtmdet',
        'test_model_builds_on_the_meta_device[slt-net',
        'test_one_config_per_role_trains_two_iterations[slt_net]',
        'test_pseudo_boxes_of_a_localizer_train_the_regressor',
    ),
    'tests/test_datasets/test_pipeline_checks.py': (
        'test_unrecorded_transforms_are_refused[mmdet',
        'test_recording_and_color_transforms_are_welcome[mmdet',
    ),
    'tests/test_datasets/test_resize_crop.py': (
        'test_composes_with_recording_transforms_of_mmdet_before_and_after',
        'test_boxes_are_moved_and_boxes_outside_are_dropped[mmdet]',
    ),
    'tests/test_demo.py': ('test_the_demo_writes_what_it_prints',),
    'tests/test_detector/test_coco_export.py': ('test_mmdet_reads_the_same_boxes_and_the_truth_scores_one',),
    'tests/test_distributed.py': ('test_two_processes_give_the_result_of_one[slt',),
    'tests/test_docs/test_mixing_page.py': ('test_config_trains[detector.py]',),
    'tests/test_frames.py': ('test_a_dot_is_found_back_after_mmdets_resize_and_crop', 'test_flip_stays_undone'),
    'tests/test_hooks/test_visualization_hook.py': ('test_mmdets_own_hook_draws_with_our_visualizer',),
    'tests/test_host_tools/test_host_inferencers.py': ('test_det_inferencer', 'test_init_detector'),
    'tests/test_host_tools/test_host_runs.py': (
        'test_mmdets_browse_dataset',
        'test_test_tools_with_augmentation_and_pictures[mmdet',
        'test_test_tools_with_augmentation_and_pictures[ours-slt_net]',
        'test_moving_averages_are_tested_and_saved',
        'test_flexible_runner',
    ),
    'tests/test_inferencer/test_inferencer.py': (
        'test_predictions_are_those_of_the_test_tool[slt_net]',
        'test_predictions_are_those_of_the_test_tool[regressor]',
        'test_every_input_gives_the_same[slt_net]',
        'test_pictures[slt_net]',
        'test_pictures[regressor]',
        'test_threshold_decides_the_localizers_box',
        'test_stream_is_lazy_and_the_scope_stays',
        'test_bad_models_are_refused',
    ),
    'tests/test_mixing/test_smt_in_heads.py': (
        'test_in_a_two_stage_box_head',
        'test_in_dense_heads',
        'test_settings_of_a_focal_loss_left_in_the_config_are_refused',
    ),
    'tests/test_mixing/test_vst_on_hosts.py': ('test_on_a_dense_head_of_mmdet_level_by_level',),
    'tests/test_models/test_localization_tta.py': (
        'test_every_role_under_its_configs_views[regressor]',
        'test_every_role_under_its_configs_views[slt_net]',
    ),
    'tests/test_reproduction/test_reproduce_tool.py': ('test_chain_of_runs_is_run_once_and_joined',),
    'tests/test_tools.py': (
        'test_joined_model_is_tested_by_both_hosts_metrics',
        'test_mmdets_own_inferencer_takes_the_joined_model',
        'test_training_resumes',
        'test_checkpoint_of_another_role_is_refused',
    ),
    'tests/test_visualization/test_visualizer.py': ('test_mmdet_can_call_it', 'test_boxes_that_mmdet_wraps_are_drawn'),
}


def needs_mmdet(nodeid: str) -> bool:
    """Whether a test, by its pytest name ('tests/test_x.py::test_y[z]'), is one of `TESTS`."""
    file, _, name = nodeid.partition('::')
    return any(name.startswith(test) if '[' in test else name.partition('[')[0] == test for test in TESTS.get(file, ()))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Do not import the files of `FILES`."""
    return True if collection_path in {ROOT / file for file in FILES} else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect `TESTS`; pytest's last line counts them."""
    left_out = [item for item in items if needs_mmdet(item.nodeid)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not needs_mmdet(item.nodeid)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last lines of a run say what it left out."""
    terminalreporter.section('left out: no mmdet (tests/without_mmdet.py)')
    for file in (*FILES, *(f'{file}::{test}' for file, tests in TESTS.items() for test in tests)):
        terminalreporter.line(file)
