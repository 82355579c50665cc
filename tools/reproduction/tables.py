"""The rows of the paper's tables: the paper's numbers, and the steps that produce ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reproduction import recipes
from reproduction.paper_numbers import DATASETS, PAPER, TITLES, Numbers
from reproduction.recipes import BACKBONES, DATA, Data
from reproduction.steps import Step

METHODS = ('CAM', 'PSOL', 'DDT', 'SLT-Net', 'Ours')
"""The methods of ``configs/`` outside ``other_methods``."""
LEADERBOARD = 'leaderboard'
"""The ``number`` of the table with all systems."""
NO_STEP = {
    (4, 'InceptionV3-DANet'): 'InceptionV3-DANet has no config: there is no list of two levels of groups of the 1000 '
    'classes. With a csv of yours (class, parent, root), `sltnet_mm.DANetHead(hierarchy=...)` trains.',
}
"""The rows that have only the paper's numbers, by table and name, and why."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        name: Name of the row in the paper.
        paper: The paper's numbers by key. Defaults to none.
        step: Step that produces our numbers. None: there are only the paper's. Defaults to None.
        source: Source of the box for our numbers, 'map' or 'box'. Defaults to 'map'.
        note: Note to show below the table. Defaults to ''.
    """

    name: str
    paper: Numbers = field(default_factory=dict)
    step: Step | None = None
    source: str = 'map'
    note: str = ''

    @property
    def state(self) -> str:
        """'paper only', 'no config', or '' if there are runs, which have their own states."""
        if self.step is None:
            return 'paper only'
        return '' if self.step.exists else 'no config'


@dataclass(frozen=True)
class Table:
    """A table of the paper on a data set, or the runs behind a figure.

    Args:
        number: Kind and number, such as 'table5' or 'figure4', or ``LEADERBOARD``.
        about: Subject of the table.
        data: Data set for our numbers.
        rows: Rows in the paper's order.
    """

    number: str
    about: str
    data: Data
    rows: Sequence[Row]

    @property
    def title(self) -> str:
        """The title, such as 'Table 5: ...'."""
        kind = self.number.rstrip('0123456789')
        return f'{" ".join(filter(None, (kind.capitalize(), self.number[len(kind) :])))}: {self.about}'

    @property
    def name(self) -> str:
        """The file name without suffix, such as 'table5_cub'."""
        return f'{self.number}_{self.data.name}'

    @property
    def drawn(self) -> bool:
        """Whether pictures belong to it."""
        return self.number.startswith('figure') or not self.compared

    @property
    def compared(self) -> bool:
        """Whether the paper's numbers stand beside ours."""
        return self.number != LEADERBOARD

    @property
    def keys(self) -> list[str]:
        """The keys of the paper's numbers, in the order of its columns; only GT-known if it has none."""
        order = ('cls_top1', 'top1_loc', 'top5_loc', 'gt_known')
        return [key for key in order if any(key in row.paper for row in self.rows)] or ['gt_known']

    def only(self, names: Sequence[str]) -> Table:
        """The table with only some of its rows.

        Args:
            names: Numbers of rows, from 1, or parts of their names, in any case.

        Raises:
            ValueError: If a name matches no row.
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
                raise ValueError(f'--rows must be rows of {self.number}, got {name!r}. Its rows are: {known}')
            kept |= found
        return replace(self, rows=[self.rows[i] for i in sorted(kept)])


def table(number: int, dataset: str) -> Table:
    """The rows of a table for a data set; other data sets than the paper's are compared with its CUB columns.

    Raises:
        KeyError: If there is no such table or data set.
        ValueError: If the table has no numbers for the data set.

    Example:
        >>> [row.name for row in table(5, 'photos31').rows][:2]
        ['CAM', 'new optimization']
        >>> table(1, 'cub').rows[1].name, table(1, 'cub').rows[1].step.config
        ('VGG16-ACoL', 'other_methods/acol_vgg16_1xb20-60e_cub')
    """
    if number not in TITLES or dataset not in DATA:
        raise KeyError(f'table must be 1 to 7 and dataset one of {sorted(DATA)}, got {number} and {dataset!r}')
    data = DATA[dataset]
    if data.paper not in DATASETS[number]:
        raise ValueError(
            f'Table {number} has no numbers for {data.paper}, which {dataset} is compared with, only for '
            f'{" and ".join(DATASETS[number])}. Use another table'
        )
    paper = PAPER[number, data.paper]
    rows = [_row(number, name, numbers, data) for name, numbers in paper.items()]
    if number in (1, 2, 3, 4):
        rows += _joint_rows(rows[-1], data) + _own_psol_rows(rows, data)
    return Table(f'table{number}', TITLES[number], data, rows)


def _row(number: int, name: str, paper: Numbers, data: Data) -> Row:
    if number == 5:
        return Row(name, paper, _ablation(data)[name])
    if (number, name) in NO_STEP:
        return Row(name, paper, note=NO_STEP[number, name])
    head, tail = (name.split('-', 1) + [''])[:2]
    backbone, method = (tail, head) if number == 6 else (head, tail)
    if name == 'Backprop':
        backbone, method = 'VGG16', name
    if method in recipes.OTHER_METHODS:
        return Row(name, paper, recipes.other_method(method, backbone, data), 'box' if method == 'GC-Net' else 'map')
    if method not in METHODS or backbone not in BACKBONES:
        return Row(name, paper)
    if method == 'CAM' and backbone == 'GoogLeNet':
        return Row(name, paper, recipes.plain_cam(backbone, data))
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
    "Our PSOL rows train SLT-Net's regressor, with SLT-Net's schedule, on PSOL's boxes (DDT); on ResNet50 and "
    'DenseNet161, the head works on the mean over the cells, as in PSOL. PSOL itself uses another '
    'network and schedule.'
)


def _ablation(data: Data) -> dict[str, Step]:
    """The six rows of Table 5."""
    names = list(PAPER[5, data.paper])
    kinds = ('smt-top1', 'smt', 'vst', 'slt-localizer')
    steps = [recipes.usual_cam('VGG16', data), recipes.new_optimization('VGG16', data)]
    steps += [recipes.localizer(kind, 'VGG16', data) for kind in kinds]
    return dict(zip(names, steps, strict=True))


def _own_psol_rows(rows: Sequence[Row], data: Data) -> list[Row]:
    """The row of PSOL with its own head, loss and crops, where there is a config."""
    found = []
    for row in rows:
        backbone, _, method = row.name.partition('-')
        if method == 'PSOL' and recipes.own_psol(backbone, data).exists:
            step = recipes.own_psol(backbone, data)
            found.append(Row(f'{row.name}, its own network', row.paper, step, 'box'))
    return found


def _joint_rows(slt_net: Row, data: Data) -> list[Row]:
    """The row of SLT-Net trained as in Sec. 3.1, with the same backbone for localizer and regressor."""
    backbone = slt_net.name.split('-', 1)[0]
    note = 'The paper has one row for SLT-Net; all regressors use the pseudo boxes of one localizer (Sec. 4.2).'
    if not recipes.classifier(backbone, data).exists:
        note += f' On {data.name} the labels come from the localizer, because there is no config of a classifier.'
    step = recipes.joint(backbone, data)
    return [Row(f'{slt_net.name}, joint training (Sec. 3.1)', slt_net.paper, step, 'box', note)]
