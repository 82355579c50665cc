"""The paper's tables as rows: the paper's numbers, and the step that makes ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reproduction import recipes
from reproduction.paper_numbers import DATASETS, PAPER, TITLES, Numbers
from reproduction.recipes import BACKBONES, DATA, Data
from reproduction.steps import Step

METHODS = ('CAM', 'PSOL', 'DDT', 'SLT-Net', 'Ours')
"""The methods that this package has; the others' rows are the paper's only."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        name: As the paper has it.
        paper: The paper's numbers by key; empty where it has none.
        step: What makes ours; None: a row of the paper only.
        source: Where the box of our numbers comes from: 'map' or 'box'.
        note: Said below the table.
    """

    name: str
    paper: Numbers = field(default_factory=dict)
    step: Step | None = None
    source: str = 'map'
    note: str = ''

    @property
    def state(self) -> str:
        """'paper only', 'no config' or '': then its runs have states of their own."""
        if self.step is None:
            return 'paper only'
        return '' if self.step.exists else 'no config'


@dataclass(frozen=True)
class Table:
    """A table of the paper, or what a figure of it is drawn from, on a data set.

    Args:
        number: 'table5', 'figure4'.
        about: What it shows.
        data: The data set that ours are measured on.
        rows: In the paper's order.
    """

    number: str
    about: str
    data: Data
    rows: Sequence[Row]

    @property
    def title(self) -> str:
        """For people."""
        return f'{self.number[:-1].capitalize()} {self.number[-1]}: {self.about}'

    @property
    def name(self) -> str:
        """Of its files."""
        return f'{self.number}_{self.data.name}'

    @property
    def drawn(self) -> bool:
        """Whether it is a figure."""
        return self.number.startswith('figure')

    @property
    def keys(self) -> list[str]:
        """The numbers that the paper gives, in the order of its columns; GT-known where it gives none."""
        order = ('cls_top1', 'top1_loc', 'top5_loc', 'gt_known')
        return [key for key in order if any(key in row.paper for row in self.rows)] or ['gt_known']

    def only(self, names: Sequence[str]) -> Table:
        """The table with some of its rows: numbers from 1, or parts of names, of any case.

        Raises:
            ValueError: A name fits no row.
        """
        kept: set[int] = set()
        for name in names:
            found = {
                i
                for i, row in enumerate(self.rows)
                if (name.isdigit() and int(name) == i + 1) or (not name.isdigit() and name.lower() in row.name.lower())
            }
            if not found:
                known = ', '.join(f'{i} {row.name}' for i, row in enumerate(self.rows, 1))
                raise ValueError(f'--rows {name!r} is no row of {self.number}; its rows are: {known}')
            kept |= found
        return replace(self, rows=[self.rows[i] for i in sorted(kept)])


def table(number: int, dataset: str) -> Table:
    """The rows of a table for a data set; a data set that is not the paper's stands beside its CUB columns.

    Raises:
        KeyError: There is no such table or data set.
        ValueError: The table has no numbers of that data set.

    Example:
        >>> [row.name for row in table(5, 'photos31').rows][:2]
        ['CAM', 'new optimization']
        >>> table(1, 'cub').rows[1].name, table(1, 'cub').rows[1].state
        ('VGG16-ACoL', 'paper only')
    """
    if number not in TITLES or dataset not in DATA:
        raise KeyError(f'there is table 1 to 7 on {sorted(DATA)}, got table {number} on {dataset!r}')
    data = DATA[dataset]
    if data.paper not in DATASETS[number]:
        raise ValueError(
            f'table {number} has no numbers of {data.paper}, beside which {dataset} stands: it is about '
            f'{" and ".join(DATASETS[number])}'
        )
    paper = PAPER[number, data.paper]
    rows = [_row(number, name, numbers, data) for name, numbers in paper.items()]
    if number in (1, 2, 3, 4):
        rows += _joint_rows(rows[-1], data)
    return Table(f'table{number}', TITLES[number], data, rows)


def _row(number: int, name: str, paper: Numbers, data: Data) -> Row:
    if number == 5:
        return Row(name, paper, _ablation(data)[name])
    head, tail = (name.split('-', 1) + [''])[:2]
    backbone, method = (tail, head) if number == 6 else (head, tail)
    if method not in METHODS or backbone not in BACKBONES:
        return Row(name, paper)
    if method == 'CAM':
        return Row(name, paper, recipes.usual_cam(backbone, data))
    if method == 'Ours':
        return Row(name, paper, recipes.localizer('slt-localizer', backbone, data))
    if method == 'DDT':
        return Row(name, paper, recipes.ddt_numbers(backbone, data), 'box')
    if method == 'PSOL':
        return Row(name, paper, recipes.regressor('psol', backbone, data), 'box', _PSOL_NOTE)
    return Row(name, paper, recipes.regressor('regressor', backbone, data), 'box')


_PSOL_NOTE = (
    "PSOL's rows of ours: its boxes (DDT) into SLT-Net's regressor and schedule, which are not PSOL's own network and "
    'training.'
)


def _ablation(data: Data) -> dict[str, Step]:
    """The six rows of Table 5."""
    names = list(PAPER[5, data.paper])
    kinds = ('smt-top1', 'smt', 'vst', 'slt-localizer')
    steps = [recipes.usual_cam('VGG16', data), recipes.new_optimization('VGG16', data)]
    steps += [recipes.localizer(kind, 'VGG16', data) for kind in kinds]
    return dict(zip(names, steps, strict=True))


def _joint_rows(slt_net: Row, data: Data) -> list[Row]:
    """SLT-Net trained as Sec. 3.1 has it, where localizer and regressor have one kind of backbone."""
    backbone = slt_net.name.split('-', 1)[0]
    note = 'The paper has one row for SLT-Net; its boxes come from one localizer, whatever the regressor (Sec. 4.2).'
    if not recipes.classifier(backbone, data).exists:
        note += f" On {data.name} its labels are the localizer's: there is no config of a classifier."
    step = recipes.joint(backbone, data)
    return [Row(f'{slt_net.name}, joint training (Sec. 3.1)', slt_net.paper, step, 'box', note)]
