"""Build marks36: photographic composites of fine-grained classes, with exact boxes and masks.

Six kinds of animals, each in six classes that differ in nothing but a small mark on the rear flank (a color or a
pattern). The box is that of the whole animal. A classifier has to look at the mark to tell the classes of a kind
apart, which is what makes the boxes of plain CAM too small: the case that L_SMT and ACAM were made for. Sources,
compositing, layouts, options and limits are those of photos31 (see make_photos31.py): the photographs of the splits are
disjoint, the cut-outs are the same in all of them, and the pictures must not be redistributed.

    python tools/dataset_converters/make_marks36.py                      # into data/marks36, 1 minute on one core
    python tools/dataset_converters/make_marks36.py --work data/photos31_packages     # packages of photos31
"""

from __future__ import annotations

from photos31.command_line import build_and_describe
from photos31.marks36 import CLASSES

if __name__ == '__main__':
    build_and_describe(__doc__, 'marks36', CLASSES, counts=dict(train=16, val=2, test=15))
