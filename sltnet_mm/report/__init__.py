"""Reports: the metrics, pictures and curves of runs as one self-contained HTML page."""

from __future__ import annotations

from sltnet_mm.report.charts import line_chart
from sltnet_mm.report.environment import StepTimer, environment_facts, import_hosts, peak_memory
from sltnet_mm.report.page import Report, Tile, render_page, write_report
from sltnet_mm.report.results import COLUMNS, Column, ResultRow, best_row, compare, result_row, text_table
from sltnet_mm.report.runs import (
    EpochLineHook,
    FirstPredictionsHook,
    QuietRunner,
    prepare_config,
    read_losses,
    run_folder,
)
from sltnet_mm.report.tiles import ImageTiles, sample_overlap

__all__ = [
    'COLUMNS',
    'Column',
    'EpochLineHook',
    'FirstPredictionsHook',
    'ImageTiles',
    'QuietRunner',
    'Report',
    'ResultRow',
    'StepTimer',
    'Tile',
    'best_row',
    'compare',
    'environment_facts',
    'import_hosts',
    'line_chart',
    'peak_memory',
    'prepare_config',
    'read_losses',
    'render_page',
    'result_row',
    'run_folder',
    'sample_overlap',
    'text_table',
    'write_report',
]
