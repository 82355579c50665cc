"""Rendering of the leaderboard: accuracy and cost of each system, the best first."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from statistics import mean, stdev

from reproduction.rendering import Rendering
from reproduction.results import MeasuredRow

HEADS = (
    'rank',
    'system',
    'GT-known',
    'Top-1 LOC',
    'Top-1 CLS',
    'MaxBoxAccV2',
    'PxAP',
    'ms per image',
    'M',
    'minutes',
    'seeds',
    'state',
    'config',
)
_ACCURACIES = ('gt_known', 'top1_loc', 'cls_top1', 'max_box_acc_v2')


class LeaderboardPage(Rendering):
    """The current state of the leaderboard as Markdown, CSV and HTML."""

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Header and lines, sorted by GT-known; systems without a number follow in their order."""
        ranked = sorted(self.rows, key=lambda row: -(row.mean('gt_known') or 0.0))
        return list(HEADS), [self._line(rank, row) for rank, row in enumerate(ranked, 1)]

    def _line(self, rank: int, row: MeasuredRow) -> list[str]:
        accuracies = [_spread(row.values(key)) for key in _ACCURACIES]
        return [
            str(rank) if row.results else '-',
            row.row.name,
            *accuracies,
            _spread(_facts(row, 'pxap') if row.row.source == 'map' else []),
            _mean(_facts(row, 'milliseconds_per_image')),
            _mean(_facts(row, 'parameters'), 1e6, 2),
            _mean(_facts(row, 'seconds'), 60),
            ' '.join(map(str, row.results)) or '-',
            row.state,
            Path(row.row.step.config).name if row.row.step else '-',
        ]

    def csv(self) -> str:
        """The table as CSV, one line per system and seed, unrounded."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator='\n')
        facts = ('milliseconds_per_image', 'parameters', 'seconds', 'device', 'date', 'config')
        writer.writerow(['system', 'seed', *_ACCURACIES, 'pxap', *facts])
        for row in self.rows:
            for seed, result in row.results.items():
                numbers = row.numbers[seed]
                accuracies = [numbers.get(key, '') for key in _ACCURACIES]
                pxap = result['metrics'].get('pxap', '') if row.row.source == 'map' else ''
                writer.writerow([row.row.name, seed, *accuracies, pxap, *(result.get(key, '') for key in facts)])
        return out.getvalue()


def _facts(row: MeasuredRow, key: str) -> list[float]:
    """A fact of each seed's result, or one of its metrics."""
    found = [result.get(key, result['metrics'].get(key)) for result in row.results.values()]
    return [value for value in found if value is not None]


def _spread(values: list[float]) -> str:
    if not values:
        return '-'
    return f'{mean(values):.1f}' + (f' +- {stdev(values):.1f}' if len(values) > 1 else '')


def _mean(values: list[float], unit: float = 1.0, digits: int = 1) -> str:
    return f'{mean(values) / unit:.{digits}f}' if values else '-'
