"""Time and memory to open ILSVRC's training set: python benchmarks/dataset_start.py [--images N].

Creates N empty files in 1000 class folders (28 s for ILSVRC's full number on a local disk), opens the data set twice,
as the first run does and as later runs with the cached list do, reads every sample in a forked worker, and deletes the
files.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLASSES = 1000


def make_files(root: Path, number: int) -> None:
    """Create the empty image files."""
    for label in range(CLASSES):
        name = f'n{1440764 + label:08d}'
        (root / 'train' / name).mkdir(parents=True)
        for image in range(number // CLASSES + (label < number % CLASSES)):
            os.close(os.open(root / 'train' / name / f'{name}_{image}.JPEG', os.O_CREAT))


def memory(field: str, pid: int | str = 'self') -> float:
    """The MiB in a field of /proc: VmRSS, VmHWM (peak) or Private_Dirty."""
    path = f'/proc/{pid}/{"smaps_rollup" if field.startswith("Private") else "status"}'
    return int(next(line for line in Path(path).read_text().splitlines() if line.startswith(field)).split()[1]) / 1024


def measure(root: str) -> None:
    """Print seconds, MiB held, peak MiB, and the memory that a worker adds; to be run in a separate process."""
    from sltnet_mm.datasets import ILSVRCLocalization

    before = memory('VmRSS')
    start = time.perf_counter()
    dataset = ILSVRCLocalization(root)
    seconds = time.perf_counter() - start
    kept, peak = memory('VmRSS') - before, memory('VmHWM') - before
    reading, writing = os.pipe()
    if os.fork() == 0:
        private = memory('Private_Dirty')
        for index in range(len(dataset)):
            dataset.get_data_info(index)
        os.write(writing, f'{memory("Private_Dirty") - private:.1f}'.encode())
        os._exit(0)
    os.wait()
    grown = os.read(reading, 99).decode()
    print(
        f'\n{len(dataset)} images: {seconds:.2f} s, {kept:.0f} MiB ({peak:.0f} at the peak), a worker adds {grown} MiB'
    )


def main() -> None:
    """Create the files and measure twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=1281167, help='default: %(default)s')
    parser.add_argument('--root', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.root:
        measure(args.root)
        return
    with tempfile.TemporaryDirectory() as root:
        make_files(Path(root), args.images)
        time.sleep(3)  # lists of folders that changed within the last two seconds are not cached
        for what in ('first start', 'later start'):
            print(what, end=': ', flush=True)
            subprocess.run([sys.executable, __file__, '--root', root], check=True)


if __name__ == '__main__':
    main()
