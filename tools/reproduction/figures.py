"""The runs behind the paper's Figures 1b, 4, 5 and 6, as rows of a table."""

from __future__ import annotations

from reproduction import recipes
from reproduction.paper_numbers import FIGURE_4_ALPHA, FIGURE_4_CLASSES, FIGURE_4_K, PAPER
from reproduction.recipes import DATA, Data
from reproduction.steps import Step
from reproduction.tables import Row, Table

FIGURES = {
    1: 'localization of single images over the epochs (Figure 1b)',
    4: 'GT-known LOC over K and over alpha',
    5: 'boxes of CAM (new optimization) and of SLT-Net',
    6: 'ground-truth boxes, and boxes of localizer and regressor over the epochs',
}
TOP_K, ALPHA = 'model.head.loss.top_k', 'model.head.loss.alpha'


def figure(number: int, dataset: str) -> Table:
    """The runs of a figure.

    Raises:
        KeyError: If there is no such figure or data set.

    Example:
        >>> [row.name for row in figure(4, 'photos31').rows][:4]
        ['K = 1', 'K = 2', 'K = 3', 'K = 5']
    """
    if number not in FIGURES or dataset not in DATA:
        raise KeyError(
            f'figure must be one of {sorted(FIGURES)} and dataset one of {sorted(DATA)}, got {number} and {dataset!r}'
        )
    data = DATA[dataset]
    new, slt = recipes.new_optimization('VGG16', data), recipes.localizer('slt-localizer', 'VGG16', data)
    joint = recipes.joint('VGG16', data)
    if number == 4:
        rows = _sweep(slt, data)
    elif number == 1:
        rows = [Row('CAM', step=recipes.usual_cam('VGG16', data)), Row('CAM, new optimization', step=new)]
        rows.append(Row('SLT-Net localizer', step=slt))
    elif number == 5:
        rows = [Row('CAM, new optimization', step=new)] if new.exists else []
        rows = rows or [
            Row(
                'CAM',
                step=recipes.usual_cam('VGG16', data),
                note='This data set has no config with the new optimization.',
            )
        ]
        rows += [Row('SLT-Net localizer', step=joint), Row('SLT-Net regressor', step=joint, source='box')]
    else:
        rows = [Row('SLT-Net localizer', step=joint), Row('SLT-Net regressor', step=joint, source='box')]
    return Table(f'figure{number}', FIGURES[number], data, rows)


def shares_of_classes(classes: int) -> list[int]:
    """Figure 4's values of K, scaled to another number of classes: rounded, at least 1, without duplicates.

    Example:
        >>> shares_of_classes(200)
        [5, 10, 20, 30, 40, 50, 60]
        >>> shares_of_classes(31)
        [1, 2, 3, 5, 6, 8, 9]
    """
    return sorted({max(1, round(k / FIGURE_4_CLASSES * classes)) for k in FIGURE_4_K})


def _sweep(localizer: Step, data: Data) -> list[Row]:
    best = PAPER[5, 'cub']['all'] if data.paper == 'cub' else {}
    rows = []
    for name, key, values, paper_at in (
        ('K', TOP_K, shares_of_classes(data.classes), data.top_k),
        ('alpha', ALPHA, FIGURE_4_ALPHA, 0.4),
    ):
        for value in values:
            step = Step('train', localizer.config, ((key, value),))
            rows.append(Row(f'{name} = {value}', best if value == paper_at else {}, step, note=_SWEEP_NOTE))
    return rows


_SWEEP_NOTE = (
    'The paper does not print the values of Figure 4. At the maxima of its curves (K = 30 of 200, alpha = 0.4) we show '
    "Table 5's number of the complete localizer, assuming that it is the same run."
)
