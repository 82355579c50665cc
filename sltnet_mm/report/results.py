"""The table of a report: what is compared, in which columns, and what can be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Column:
    """One number of the table.

    Args:
        key: In ``ResultRow.numbers``.
        name: The column's head.
        meaning: A sentence that says how to read it.
    """

    key: str
    name: str
    meaning: str


COLUMNS = (
    Column(
        'gt_known',
        'GT-known',
        'The share of test images whose box overlaps the true box with an IoU above 0.5. '
        'The class is not asked: this is localization alone.',
    ),
    Column('top1_loc', 'Top-1 LOC', 'The box is right, and so is the first label.'),
    Column('top5_loc', 'Top-5 LOC', 'The box is right, and the true class is among the first five labels.'),
    Column(
        'cls_top1',
        'Top-1 CLS',
        'The first label is right, wherever the box is: classification alone. It bounds Top-1 LOC.',
    ),
    Column('cls_top5', 'Top-5 CLS', 'The true class is among the first five labels.'),
    Column(
        'max_box_acc_v2',
        'MaxBoxAccV2',
        'The evaluation of clovaai/wsolevaluation: the box accuracy at the best '
        'threshold, averaged over IoU 0.3, 0.5 and 0.7. It is defined for score maps only.',
    ),
)


@dataclass(frozen=True)
class ResultRow:
    """One line of the table.

    Args:
        name: What was tested.
        how: Where its box and its labels come from.
        numbers: Percent by the keys of ``COLUMNS``; absent ones are shown as a dash.
    """

    name: str
    how: str
    numbers: Mapping[str, float]


def result_row(name: str, how: str, metrics: Mapping[str, float], source: str, protocol: str = 'sltnet') -> ResultRow:
    """The row of one source of boxes out of what :class:`~sltnet_mm.evaluation.LocalizationMetric` returned.

    Args:
        name: Of the row.
        how: Of the row.
        metrics: Numbers by name, as ``map/sltnet/gt_known`` and ``cls/top1``.
        source: 'map', 'box' or 'center'.
        protocol: Whose numbers are taken; MaxBoxAccV2 is taken from whichever protocol gives it for this source.

    Raises:
        KeyError: The metrics have no number of this source and protocol.

    Example:
        >>> result_row('CAM', 'its map', {'map/sltnet/gt_known': 50., 'cls/top1': 80.}, source='map').numbers
        {'gt_known': 50.0, 'cls_top1': 80.0}
    """
    names = {key: f'{source}/{protocol}/{key}' for key in ('gt_known', 'top1_loc', 'top5_loc')}
    if names['gt_known'] not in metrics:
        raise KeyError(
            f'there is no {names["gt_known"]!r} among the metrics {sorted(metrics)}: evaluate with '
            f'sltnet_mm.LocalizationMetric, source {source!r}, protocol {protocol!r}'
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
    """The table for a terminal.

    Example:
        >>> cam = ResultRow('CAM', '', {'gt_known': 50., 'top1_loc': 41.25})
        >>> print(text_table([cam, ResultRow('SLT', '', {'gt_known': 61.})]))
             GT-known  Top-1 LOC
        CAM      50.0       41.2
        SLT      61.0          -
    """
    columns = shown_columns(rows)
    first = max(len(row.name) for row in rows)
    lines = [' ' * first + ''.join(f'  {column.name}' for column in columns)]
    for row in rows:
        cells = (f'{number(row, column):>{len(column.name) + 2}}' for column in columns)
        lines.append(f'{row.name:<{first}}' + ''.join(cells))
    return '\n'.join(lines)


def number(row: ResultRow, column: Column) -> str:
    """A cell: percent with one digit, or a dash.

    Example:
        >>> number(ResultRow('CAM', '', {'gt_known': 12.34}), COLUMNS[0])
        '12.3'
    """
    return f'{row.numbers[column.key]:.1f}' if column.key in row.numbers else '-'


def compare(ours: ResultRow, other: ResultRow, num_images: int, key: str = 'gt_known') -> str:
    """One sentence on the difference of two rows, with the chance of the test set in it.

    Two standard errors of the difference of two independent shares decide whether it counts as one; the rows share
    their images, so this errs on the side of saying less. The spread between training seeds is not in it.

    Args:
        ours: Named first.
        other: What it is compared with.
        num_images: Number of test images.
        key: Which number.

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
    said = f'{abs(points):.1f} points {"better" if points > 0 else "worse"}'
    if abs(points) <= error:
        said = 'no clear difference'
    return (
        f'{column.name}: {ours.name} {number(ours, column)} against {other.name} {number(other, column)}, {said} '
        f'(two standard errors: {error:.1f} points).'
    )


def best_row(rows: Sequence[ResultRow], key: str = 'gt_known') -> ResultRow:
    """The row with the largest number; of equal ones the first.

    Example:
        >>> best_row([ResultRow('CAM', '', {'gt_known': 50.}), ResultRow('SLT', '', {'gt_known': 61.})]).name
        'SLT'
    """
    return max((row for row in rows if key in row.numbers), key=lambda row: row.numbers[key])
