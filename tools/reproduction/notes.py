"""The notes below a table: what is compared with what, and how our numbers were produced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reproduction.results import MeasuredRow
from reproduction.runs import RunFolders, code_fingerprint
from reproduction.steps import Settings, load
from reproduction.tables import Table
from sltnet_mm.config import type_name

PAPER_NAMES: Mapping[str, str] = dict(cub='CUB-200-2011', ilsvrc='ILSVRC2012')


def notes(table: Table, rows: Sequence[MeasuredRow], settings: Settings) -> list[str]:
    """The notes that a reader needs to interpret the numbers."""
    found = [_comparison_note(table)] if table.compared and not table.data.of_the_paper else []
    found.append(
        'Ours: mean over the seeds, in percent of the test images, under protocol `sltnet` (threshold 0.2, IoU > 0.5). '
        'MaxBoxAccV2 is that of the score map that the box comes from (protocol `wsolevaluation-v2` on the ACAM).'
    )
    found.append('Rows marked "paper only" are quoted from the paper.' if table.compared else _LEADERBOARD_NOTE)
    if _with_our_l_vst(table):
        found.append(
            "L_VST in our configs compares standardized maps (`custom_hooks`). The paper's form, raw maps with "
            'beta = 10, collapses (docs/benchmarks.md).'
        )
    changed = [f'{key}={value}' for key, value in settings.cfg_options.items()]
    changed += [f'{settings.epochs} epochs'] if settings.epochs is not None else []
    if changed:
        found.append(f'Changed in all configs, so these are not the original recipes: {", ".join(changed)}.')
    # One run may occur in two rows (localizer and regressor of Figure 5), and rows may need runs that no row shows.
    done = dict.fromkeys(each for row in rows for run in row.runs.values() if run.results() for each in run.chain())
    results = [result for run in done if (result := run.results())]
    if results:
        found.append(_circumstances(rows, results))
    for row in rows:
        found += _of_row(row)
    return found + list(dict.fromkeys(row.row.note for row in rows if row.row.note))


_LEADERBOARD_NOTE = (
    'Sorted by GT-known. Behind +-: the standard deviation over the seeds. PxAP is that of the same map, on masks. ms '
    'per image: the median of the test batches, from loaded images to predictions; on a CPU it is processor time, so '
    'that runs side by side hardly change it. M: million parameters of the tested model, with frozen parts. Minutes: '
    'the whole run, without the runs that it needs.'
)


def _comparison_note(table: Table) -> str:
    stand_ins = ', '.join(f'{ours} instead of {paper}' for paper, ours in table.data.stand_ins.items())
    return (
        f"The paper's numbers are for {PAPER_NAMES[table.data.paper]}, ours for {table.data.name} "
        f'({table.data.classes} classes; {stand_ins}). Images and network differ, so the difference of the numbers is '
        'meaningless; compare what each row gains over the first row.'
    )


def _with_our_l_vst(table: Table) -> bool:
    steps = {step for row in table.rows if row.step is not None and row.step.exists for step in row.step.chain()}
    hooks = [hook for step in steps for hook in load(step.path).get('custom_hooks') or ()]
    return any(type_name(hook) == 'sltnet_mm.VSTHook' and hook.get('normalization') != 'none' for hook in hooks)


def _circumstances(rows: Sequence[MeasuredRow], results: Sequence[Mapping[str, Any]]) -> str:
    seeds = sorted({seed for row in rows for seed in row.results})
    devices, dates, versions = (sorted({result[key] for result in results}) for key in ('device', 'date', 'torch'))
    minutes = sum(result['seconds'] for result in results) / 60
    return (
        f'Seeds {", ".join(map(str, seeds))}; {", ".join(devices)}; torch {", ".join(versions)}; '
        f'{" to ".join(dict.fromkeys((dates[0], dates[-1])))}; {minutes:.0f} minutes in total, for {len(results)} runs '
        '(including those of earlier steps), some of which may have run in parallel.'
    )


def _of_row(row: MeasuredRow) -> list[str]:
    found = []
    facts = {  # results of each run and of all runs that it needs
        seed: [result for each in run.chain() if (result := each.results())]
        for seed, run in row.runs.items()
        if seed in row.results
    }
    resumed = [seed for seed, results in facts.items() if any(result.get('resumed_from') for result in results)]
    if resumed:
        found.append(f'{row.row.name}: seeds {_list(resumed)} were interrupted and resumed.')
    other = [seed for seed, results in facts.items() if any(result['code'] != code_fingerprint() for result in results)]
    if other:
        found.append(f"{row.row.name}: seeds {_list(other)} were run with another version of the package's code.")
    if row.row.step is not None and row.row.step.missing:
        found.append(f'{row.row.name}: no config; {", ".join(row.row.step.missing)} does not exist.')
    return found


def _list(numbers: Sequence[int]) -> str:
    return ', '.join(map(str, numbers))


def commands(rows: Sequence[MeasuredRow], folders: RunFolders) -> list[tuple[str, list[str]]]:
    """The commands of each of our rows: those of its first seed, beginning with the earlier steps."""
    found = []
    for row in rows:
        for seed, result in list(row.results.items())[:1]:
            earlier = [folders.run(step, seed) for step in row.row.step.chain()][:-1] if row.row.step else []
            texts = [text for run in earlier for text in (run.results() or {}).get('commands', ())]
            found.append((row.row.name, [*texts, *result['commands']]))
    return found
