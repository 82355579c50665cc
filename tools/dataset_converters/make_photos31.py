"""Build photos31: photographic composites (cut-outs on photographs) of 31 classes with exact boxes and masks.

The pictures come from six Debian packages (330 MB), which apt-get downloads without root rights. They have various
licenses: build the data set where you need it, and do not redistribute it. The images are not natural images, so use
results to compare methods with each other, not with published numbers. Most classes have one cut-out for both training
and test, so trust the localization numbers, not the classification numbers.

    python tools/dataset_converters/make_photos31.py                     # into data/photos31, 2 minutes on one core
    python tools/dataset_converters/make_photos31.py --out DIR --jobs 2 --sheets

The output is deterministic: the same options and versions of NumPy and OpenCV give the same bytes. It contains

    OUT/images/NNN.Class/*.jpg
    OUT/masks/NNN.Class/*.png                   255 for the visible object, else 0
    OUT/{meta,classes_meta}.csv
    OUT/{images,image_class_labels,train_test_split,bounding_boxes,classes}.txt
                                                training and test in CUB-200-2011's layout
    OUT/metadata/PHOTOS31/{train,val,test}/*.txt  wsolevaluation's lists
"""

from __future__ import annotations

from photos31.command_line import build_and_describe
from photos31.recipe import CLASSES

if __name__ == '__main__':
    build_and_describe(__doc__, 'photos31', CLASSES, counts=dict(train=40, val=5, test=20))
