#!/usr/bin/env python
"""Speed of evaluating all thresholds at once against one mask per threshold, as ratios, in one run on one core.

    python benchmarks/evaluation.py [--maps 60] [--rounds 3] [--chain 2000] [--hard]

The time is that of everything done per image: boxes at 1000 thresholds, IoU with one ground-truth box, counts at three
IoU levels. The evaluators alternate map by map, measured in CPU time, and their results must be equal on every map.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import cv2
import numpy as np
from evaluation_reference import (
    SIDE,
    THRESHOLDS,
    accumulate,
    coarse_map,
    distinct_loop,
    hard_maps,
    plain_loop,
    random_gt_box,
    realistic_map,
)

from sltnet_mm.evaluation import PROTOCOLS, evaluate_score_maps
from sltnet_mm.evaluation.pixel_precision import BIN_EDGES, score_histograms
from sltnet_mm.evaluation.prediction_maps import protocol_score_map
from sltnet_mm.evaluation.threshold_ious import threshold_ious

MODES = {'one contour': 'wsolevaluation', 'every contour': 'wsolevaluation-v2'}


def timed(function: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """CPU seconds of a call, and its result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def compare(score_map: np.ndarray, gt_boxes: np.ndarray, mode: str) -> tuple[float, float, float]:
    """Seconds of the plain loop, the loop over distinct levels, and this package, on one map."""
    every, protocol, counts = mode == 'every contour', PROTOCOLS[MODES[mode]], np.zeros((3, 3, 1000), np.int64)
    plain, expected = timed(lambda: accumulate(lambda: plain_loop(score_map, gt_boxes, every), counts[0]))
    distinct, second = timed(lambda: accumulate(lambda: distinct_loop(score_map, gt_boxes, every), counts[1]))
    ours, found = timed(
        lambda: accumulate(lambda: threshold_ious(score_map, gt_boxes, THRESHOLDS, protocol), counts[2])
    )
    if not (np.array_equal(expected, found) and np.array_equal(expected, second)):
        raise RuntimeError('the evaluators disagree: please report this')
    return plain, distinct, ours


def first_call() -> None:
    """Print the seconds that a process spends on its first map: to compile, and to load compiled code."""
    code = (
        'import time, numpy as np\n'
        'from sltnet_mm.evaluation import evaluate_score_maps\n'
        's = time.process_time()\n'
        'for p in ("wsolevaluation", "wsolevaluation-v2"): evaluate_score_maps([np.eye(9)], [np.ones((1, 4))], p)\n'
        'print(time.process_time() - s)\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, 'NUMBA_CACHE_DIR': folder}
        runs = [subprocess.check_output([sys.executable, '-c', code], env=environment, text=True) for _ in range(2)]
    compiling, loading = (float(run.split()[-1]) for run in runs)
    print(f'first call on a machine (compiles): {compiling:.1f} s of CPU; in a later process: {loading:.2f} s')


def realistic(number: int, rounds: int) -> None:
    """Print ratios on realistic maps: medians over the maps, with the best round of each map."""
    rng = np.random.default_rng(0)
    cases = [(realistic_map(rng), random_gt_box(rng)) for _ in range(number)]
    for mode in MODES:
        compare(*cases[0], mode)
        best = [np.min([compare(*case, mode) for _ in range(rounds)], axis=0) for case in cases]
        plain, distinct, ours = np.median(best, axis=0)
        worst = min(times[0] / times[2] for times in best)
        print(
            f'{mode}: plain {1e3 * plain:.1f} ms, distinct levels {1e3 * distinct:.2f} ms, ours {1e3 * ours:.3f} ms '
            f'per map; {plain / ours:.0f}x plain (at least {worst:.0f}x on every map), '
            f'{distinct / ours:.1f}x distinct levels'
        )


def hard() -> None:
    """Print ratios on unrealistic maps, to the loop over distinct levels only; the plain loop takes up to minutes."""
    rng = np.random.default_rng(1)
    for name, score_map in hard_maps(rng).items():
        for mode in MODES:
            distinct, ours = compare_distinct(score_map, random_gt_box(rng), mode)
            print(f'{name}, {mode}: ours {1e3 * ours:.2f} ms, {distinct / ours:.1f}x distinct levels')


def compare_distinct(score_map: np.ndarray, gt_boxes: np.ndarray, mode: str) -> tuple[float, float]:
    """Seconds of the loop over distinct levels and this package, on one map."""
    every, protocol, counts = mode == 'every contour', PROTOCOLS[MODES[mode]], np.zeros((3, 1000), np.int64)
    distinct, expected = timed(lambda: accumulate(lambda: distinct_loop(score_map, gt_boxes, every), counts))
    ours, found = timed(lambda: accumulate(lambda: threshold_ious(score_map, gt_boxes, THRESHOLDS, protocol), counts))
    if not np.array_equal(expected, found):
        raise RuntimeError('the evaluators disagree: please report this')
    return distinct, ours


def chain(number: int) -> None:
    """Print the time from low-resolution maps to metrics, and its extrapolation to ILSVRC's 50,000 test images."""
    rng = np.random.default_rng(2)
    coarse = [coarse_map(rng) for _ in range(number)]
    boxes = [random_gt_box(rng) for _ in range(number)]
    start = time.process_time()
    for each in coarse:
        protocol_score_map(each, (SIDE, SIDE), PROTOCOLS['wsolevaluation'])
    print(f'resize and min-max only: {1e3 * (time.process_time() - start) / number:.2f} ms per map')
    total = 0.0
    for name, protocol in PROTOCOLS.items():
        if protocol.map is None:
            continue
        start = time.process_time()
        maps = (protocol_score_map(each, (SIDE, SIDE), protocol) for each in coarse)
        evaluate_score_maps(maps, boxes, protocol)
        seconds = time.process_time() - start
        total += seconds
        print(f'{name}: {1e3 * seconds / number:.2f} ms per map, from the low-resolution map to counts')
    print(f'all on 50,000 maps, one core: {50000 * total / number / 60:.1f} minutes (extrapolated from {number} maps)')
    maps = [protocol_score_map(each, (SIDE, SIDE), PROTOCOLS['wsolevaluation']) for each in coarse[:400]]
    walls = []
    for workers in (1, 2):
        start = time.perf_counter()
        evaluate_score_maps(maps, boxes[:400], workers=workers)
        walls.append(time.perf_counter() - start)
    ratio, load = walls[0] / walls[1], os.getloadavg()[0]
    print(f'wall time, two threads against one: {ratio:.2f}x ({os.cpu_count()} cores, load {load:.1f})')


def pixels(number: int) -> None:
    """Print the time of PxAP's histograms, with NumPy and with this package."""
    rng = np.random.default_rng(3)
    maps = [realistic_map(rng) for _ in range(number)]
    mask = np.zeros((SIDE, SIDE), np.int64)
    mask[50:150, 60:170], mask[:20] = 1, 255
    score_histograms(maps[0], mask)
    times = []
    for score_map in maps:
        plain, expected = timed(
            lambda m=score_map: np.stack([np.histogram(m[mask == v], BIN_EDGES)[0] for v in (0, 1)])
        )
        ours, found = timed(lambda m=score_map: score_histograms(m, mask))
        if not np.array_equal(expected, found):
            raise RuntimeError('the histograms disagree: please report this')
        times.append((plain, ours))
    plain, ours = (statistics.median(column) for column in zip(*times, strict=True))
    print(f'PxAP histograms: NumPy {1e3 * plain:.2f} ms, ours {1e3 * ours:.3f} ms per map; {plain / ours:.1f}x')


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--maps', type=int, default=60, help='number of realistic maps, 224 x 224 (default: %(default)s)'
    )
    parser.add_argument('--rounds', type=int, default=3, help='rounds per map; the best one counts (default: 3)')
    parser.add_argument('--chain', type=int, default=2000, help='low-resolution maps (default: %(default)s)')
    parser.add_argument('--hard', action='store_true', help='add noise, checkerboards and similar maps (minutes)')
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f'OpenCV {cv2.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}, one core, CPU time')
    first_call()
    realistic(args.maps, args.rounds)
    pixels(args.maps)
    chain(args.chain)
    if args.hard:
        hard()


if __name__ == '__main__':
    main()
