"""What stands below a table: what is compared with what, and how our numbers were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reproduction.results import MeasuredRow
from reproduction.runs import RunFolders, code_fingerprint
from reproduction.steps import Settings, load
from reproduction.tables import Table

PAPER_NAMES: Mapping[str, str] = dict(cub='CUB-200-2011', ilsvrc='ILSVRC2012')


def notes(table: Table, rows: Sequence[MeasuredRow], settings: Settings) -> list[str]:
    """Sentences that a reader of the numbers must know."""
    said = [_beside_what(table)] if not table.data.of_the_paper else []
    said.append(
        'Ours: mean over the seeds, in percent of the test images; protocol `sltnet` (threshold 0.2, IoU > 0.5); '
        'MaxBoxAccV2 is that of the score map that gives the box (protocol `wsolevaluation-v2` on the ACAM). '
        'Rows marked "paper only" are quoted from the paper.'
    )
    if _with_our_l_vst(table):
        said.append(
            'L_VST in our configs compares standardized maps (`custom_hooks`), not the raw maps with beta = 10 of the '
            'paper, which collapse (docs/benchmarks.md).'
        )
    changed = [f'{key}={value}' for key, value in settings.cfg_options.items()]
    changed += [f'{settings.epochs} epochs'] if settings.epochs is not None else []
    if changed:
        said.append(f'Changed in every config, so that this is no run of the recipes: {", ".join(changed)}.')
    # Rows may show one run in two ways (localizer and regressor of Figure 5), and build on runs that no row shows.
    done = dict.fromkeys(each for row in rows for run in row.runs.values() if run.results() for each in run.chain())
    results = [result for run in done if (result := run.results())]
    if results:
        said.append(_circumstances(rows, results))
    for row in rows:
        said += _of_row(row)
    return said + list(dict.fromkeys(row.row.note for row in rows if row.row.note))


def _beside_what(table: Table) -> str:
    stand_ins = ', '.join(f'{ours} in place of {paper}' for paper, ours in table.data.stand_ins.items())
    return (
        f"The paper's numbers are of {PAPER_NAMES[table.data.paper]}, ours of {table.data.name} ({table.data.classes} "
        f'classes; {stand_ins}): other images, another network. Their difference would mean nothing; what can be '
        'compared is what a row gains over the first one.'
    )


def _with_our_l_vst(table: Table) -> bool:
    steps = {step for row in table.rows if row.step is not None and row.step.exists for step in row.step.chain()}
    hooks = [hook for step in steps for hook in load(step.path).get('custom_hooks') or ()]
    return any(hook['type'] == 'sltnet_mm.VSTHook' and hook.get('normalization') != 'none' for hook in hooks)


def _circumstances(rows: Sequence[MeasuredRow], results: Sequence[Mapping[str, Any]]) -> str:
    seeds = sorted({seed for row in rows for seed in row.results})
    devices, dates, versions = (sorted({result[key] for result in results}) for key in ('device', 'date', 'torch'))
    minutes = sum(result['seconds'] for result in results) / 60
    return (
        f'Seeds {", ".join(map(str, seeds))}; {", ".join(devices)}; torch {", ".join(versions)}; '
        f'{" to ".join(dict.fromkeys((dates[0], dates[-1])))}; {minutes:.0f} minutes, summed over {len(results)} runs '
        '(earlier steps among them) that may have run side by side.'
    )


def _of_row(row: MeasuredRow) -> list[str]:
    said = []
    facts = {  # of a run and of all that it is built on
        seed: [result for each in run.chain() if (result := each.results())]
        for seed, run in row.runs.items()
        if seed in row.results
    }
    resumed = [seed for seed, results in facts.items() if any(result.get('resumed_from') for result in results)]
    if resumed:
        said.append(
            f'{row.row.name}: seeds {_list(resumed)} were interrupted; a resumed run draws other random numbers.'
        )
    other = [seed for seed, results in facts.items() if any(result['code'] != code_fingerprint() for result in results)]
    if other:
        said.append(f"{row.row.name}: seeds {_list(other)} were made by another state of the package's code.")
    if row.row.step is not None and row.row.step.missing:
        said.append(f'{row.row.name}: no config, there is no {", ".join(row.row.step.missing)}.')
    return said


def _list(numbers: Sequence[int]) -> str:
    return ', '.join(map(str, numbers))


def commands(rows: Sequence[MeasuredRow], folders: RunFolders) -> list[tuple[str, list[str]]]:
    """Of each row of ours the commands of its first seed, those of earlier steps first."""
    found = []
    for row in rows:
        for seed, result in list(row.results.items())[:1]:
            earlier = [folders.run(step, seed) for step in row.row.step.chain()][:-1] if row.row.step else []
            texts = [text for run in earlier for text in (run.results() or {}).get('commands', ())]
            found.append((row.row.name, [*texts, *result['commands']]))
    return found
