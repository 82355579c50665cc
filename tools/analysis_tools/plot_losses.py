#!/usr/bin/env python
"""Draw the losses of trainings: python tools/analysis_tools/plot_losses.py WORK_DIR [WORK_DIR ...] --out losses.png."""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Read the losses of the newest run of each work dir and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dirs', nargs='+', type=Path, metavar='WORK_DIR', help='work dir of a training')
    parser.add_argument('--out', type=Path, required=True, help='picture to write, such as losses.png or losses.svg')
    args = parser.parse_args()
    # Imported here: matplotlib and torch take seconds, and --help must not wait for them.
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    from sltnet_mm.report.runs import read_losses

    curves: dict[str, dict] = {}
    for work_dir in args.work_dirs:
        runs = sorted(path.parents[1] for path in work_dir.glob('*/vis_data/scalars.json'))
        losses = next((found for run in reversed(runs) if (found := read_losses(run))), None)
        if losses is None:
            parser.error(f'{work_dir} has no logged losses (*/vis_data/scalars.json): give the work dir of a training')
        for name, curve in losses.items():
            curves.setdefault(name, {})[work_dir.name] = curve
    figure, axes = pyplot.subplots(1, len(curves), figsize=(4.5 * len(curves), 3.2), squeeze=False)
    for axis, (name, of_runs) in zip(axes[0], curves.items(), strict=True):
        for run, (steps, values) in of_runs.items():
            axis.plot(steps, values, label=run)
        axis.set(title=name, xlabel='iteration', ylim=(0, None))
        axis.legend()
    figure.tight_layout()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out)
    print(f'{", ".join(curves)}: {args.out}')


if __name__ == '__main__':
    main()
