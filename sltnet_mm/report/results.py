"""The table of a report: its rows, its columns, and comparisons of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from sltnet_mm.report.text_tables import plain_table


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Args:
        key: Key in ``ResultRow.numbers``.
        name: Name of the column.
        meaning: Explanation of the metric.
    """

    key: str
    name: str
    meaning: str


COLUMNS = (
    Column(
        'gt_known',
        'GT-known',
        'The share of test images whose predicted box has an IoU above 0.5 with the ground-truth box. '
        'The class does not matter: this measures localization alone.',
    ),
    Column('top1_loc', 'Top-1 LOC', 'The box is correct, and so is the first label.'),
    Column('top5_loc', 'Top-5 LOC', 'The box is correct, and the ground-truth class is among the first five labels.'),
    Column(
        'cls_top1',
        'Top-1 CLS',
        'The first label is correct, wherever the box is: classification alone. An upper bound of Top-1 LOC.',
    ),
    Column('cls_top5', 'Top-5 CLS', 'The ground-truth class is among the first five labels.'),
    Column(
        'max_box_acc_v2',
        'MaxBoxAccV2',
        'The metric of clovaai/wsolevaluation: the box accuracy at the best threshold, averaged over '
        'IoU 0.3, 0.5 and 0.7. It is defined only for score maps.',
    ),
)


@dataclass(frozen=True)
class ResultRow:
    """One row of the table.

    Args:
        name: Name of the tested model.
        how: Source of its box and labels.
        numbers: Percentages by the keys of ``COLUMNS``; missing ones are shown as a dash.
    """

    name: str
    how: str
    numbers: Mapping[str, float]


def result_row(name: str, how: str, metrics: Mapping[str, float], source: str, protocol: str = 'sltnet') -> ResultRow:
    """The row for one source of boxes, from the output of :class:`~sltnet_mm.evaluation.LocalizationMetric`.

    Args:
        name: Name of the row.
        how: Description of the row.
        metrics: Metrics by name, such as ``map/sltnet/gt_known`` and ``cls/top1``.
        source: Source of the boxes, 'map', 'box' or 'center'.
        protocol: Protocol of the numbers; MaxBoxAccV2 is taken from any protocol that has it for this source. Defaults
            to 'sltnet'.

    Raises:
        KeyError: If there is no metric for this source and protocol.

    Example:
        >>> result_row('CAM', 'its map', {'map/sltnet/gt_known': 50., 'cls/top1': 80.}, source='map').numbers
        {'gt_known': 50.0, 'cls_top1': 80.0}
    """
    names = {key: f'{source}/{protocol}/{key}' for key in ('gt_known', 'top1_loc', 'top5_loc')}
    if names['gt_known'] not in metrics:
        raise KeyError(
            f'metrics must have {names["gt_known"]!r}, got {sorted(metrics)}. Evaluate with '
            f'sltnet_mm.LocalizationMetric, source {source!r} and protocol {protocol!r}'
        )
    names.update(cls_top1='cls/top1', cls_top5='cls/top5')
    v2 = [key for key in metrics if key.startswith(f'{source}/') and key.endswith('/max_box_acc_v2')]
    if v2:
        names['max_box_acc_v2'] = v2[0]
    return ResultRow(name, how, {key: float(metrics[metric]) for key, metric in names.items() if metric in metrics})


def shown_columns(rows: Sequence[ResultRow]) -> list[Column]:
    """The columns that at least one row has a number for."""
    return [column for column in COLUMNS if any(column.key in row.numbers for row in rows)]


def text_table(rows: Sequence[ResultRow]) -> str:
    """The table as text for a terminal.

    Example:
        >>> cam = ResultRow('CAM', '', {'gt_known': 50., 'top1_loc': 41.25})
        >>> print(text_table([cam, ResultRow('SLT', '', {'gt_known': 61.})]))
             GT-known  Top-1 LOC
        CAM      50.0       41.2
        SLT      61.0          -
    """
    columns = shown_columns(rows)
    cells = [[row.name, *(number(row, column) for column in columns)] for row in rows]
    return plain_table(['', *(column.name for column in columns)], cells)


def number(row: ResultRow, column: Column) -> str:
    """The text of a cell: a percentage with one decimal, or a dash.

    Example:
        >>> number(ResultRow('CAM', '', {'gt_known': 12.34}), COLUMNS[0])
        '12.3'
    """
    return f'{row.numbers[column.key]:.1f}' if column.key in row.numbers else '-'


def compare(ours: ResultRow, other: ResultRow, num_images: int, key: str = 'gt_known') -> str:
    """One sentence that compares two rows, with the sampling error of the test set.

    A difference is clear if it exceeds two standard errors, computed for independent samples; the rows share their
    images, so this is conservative. The variance between training seeds is not included.

    Args:
        ours: Row to name first.
        other: Row to compare it with.
        num_images: Number of test images.
        key: Key of the metric. Defaults to 'gt_known'.

    Example:
        >>> compare(ResultRow('SLT', '', {'gt_known': 61.}), ResultRow('CAM', '', {'gt_known': 50.}), num_images=504)
        'GT-known: SLT 61.0 against CAM 50.0, 11.0 points better (two standard errors: 6.2 points).'
        >>> compare(ResultRow('SLT', '', {'gt_known': 49.}), ResultRow('CAM', '', {'gt_known': 50.}), num_images=504)
        'GT-known: SLT 49.0 against CAM 50.0, no clear difference (two standard errors: 6.3 points).'
    """
    column = next(column for column in COLUMNS if column.key == key)
    shares = [row.numbers[key] / 100 for row in (ours, other)]
    error = 200 * sqrt(sum(share * (1 - share) for share in shares) / num_images)
    points = ours.numbers[key] - other.numbers[key]
    verdict = f'{abs(points):.1f} points {"better" if points > 0 else "worse"}'
    if abs(points) <= error:
        verdict = 'no clear difference'
    return (
        f'{column.name}: {ours.name} {number(ours, column)} against {other.name} {number(other, column)}, {verdict} '
        f'(two standard errors: {error:.1f} points).'
    )


def best_row(rows: Sequence[ResultRow], key: str = 'gt_known') -> ResultRow:
    """The row with the largest number for ``key``, or the first of them.

    Example:
        >>> best_row([ResultRow('CAM', '', {'gt_known': 50.}), ResultRow('SLT', '', {'gt_known': 61.})]).name
        'SLT'
    """
    return max((row for row in rows if key in row.numbers), key=lambda row: row.numbers[key])
