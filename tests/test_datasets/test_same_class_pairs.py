from collections import Counter

import numpy as np
import pytest

from sltnet_mm.datasets import SameClassPairs
from sltnet_mm.datasets import same_class_pairs as module


class Data:
    metainfo = dict(classes=('cat', 'dog', 'fox'))

    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def get_cat_ids(self, index):
        return [self.labels[index]]


LABELS = [0] * 5 + [2] * 4 + [1] * 3


def drawn(sampler, epoch=0):
    sampler.set_epoch(epoch)
    return np.array(list(sampler)).reshape(-1, 2)


def test_pairs_are_of_one_class_and_every_image_occurs():
    sampler = SameClassPairs(Data(LABELS), seed=1)
    pairs = drawn(sampler)
    assert len(sampler) == pairs.size == 14  # 3 + 2 + 2 pairs
    labels = np.array(LABELS)[pairs]
    assert (labels[:, 0] == labels[:, 1]).all() and (pairs[:, 0] != pairs[:, 1]).all()
    counts = Counter(pairs.flatten().tolist())
    assert set(counts) == set(range(12)) and sum(counts.values()) == 14


def test_epochs_differ_and_seeds_repeat():
    a, b = SameClassPairs(Data(LABELS), seed=1), SameClassPairs(Data(LABELS), seed=1)
    assert np.array_equal(drawn(a, 3), drawn(b, 3)) and not np.array_equal(drawn(a, 3), drawn(a, 4))


def test_processes_divide_the_pairs(monkeypatch):
    whole = drawn(SameClassPairs(Data(LABELS), seed=1))
    parts = []
    for rank in range(2):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, 2))
        parts.append(drawn(SameClassPairs(Data(LABELS), seed=1)))
    assert len(parts[0]) == len(parts[1]) == 4
    together = np.concatenate([np.stack([a, b]) for a, b in zip(*parts, strict=True)])
    assert np.array_equal(together[:7], whole) and np.array_equal(together[7], whole[0])


def test_labels_are_read_at_once_where_the_data_set_offers_it():
    class Bulk(Data):
        def get_gt_labels(self):
            return np.array(self.labels)

        def get_cat_ids(self, index):
            raise AssertionError('reads one by one')

    assert np.array_equal(drawn(SameClassPairs(Bulk(LABELS), seed=1)), drawn(SameClassPairs(Data(LABELS), seed=1)))


def test_a_class_with_one_image_is_refused():
    with pytest.raises(ValueError, match=r'class 1 \(dog\) has one'):
        SameClassPairs(Data([0, 0, 1, 2, 2]), seed=0)
    with pytest.raises(ValueError, match='shuffle must be True'):
        SameClassPairs(Data([0, 0]), shuffle=False)
