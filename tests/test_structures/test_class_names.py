"""Two lists of class names: what is the same, what is unnamed, and what is an error."""

import pytest

from sltnet_mm.structures.class_names import check_class_names, class_names_of


def check(one, other):
    check_class_names(one, 'one', other, 'other')


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        (['a', 'b'], ('a', 'b')),
        ([], ['a']),
        (['a'], ()),
        (['0', '1'], ['a', 'b']),
        (['a', 'b'], ['0', '1']),
        (['0', '1', '2'], ['0', '1']),
    ],
)
def test_same_or_unnamed_classes_pass(one, other):
    check(one, other)


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        (['a', 'b'], ['b', 'a']),
        (['a', 'b'], ['a']),
        (['a'], ['a', 'b']),
        (['a', 'b', 'c'], ['0', '1']),
        (['0', '1'], ['0', '1', '2']),
        (['0', '1', '2'], ['a', 'b']),
    ],
)
def test_other_classes_are_an_error_with_both_lists(one, other):
    with pytest.raises(ValueError, match='must have the same classes in the same order') as error:
        check(one, other)
    assert f'one: [{", ".join(one)}]' in str(error.value) and f'other: [{", ".join(other)}]' in str(error.value)


def test_names_in_meta_information():
    assert class_names_of(None) == class_names_of({}) == class_names_of(dict(classes=None)) == ()
    assert class_names_of(dict(classes='cat')) == ('cat',)  # mmengine's metainfo of one name
    assert class_names_of(dict(CLASSES=[1, 'b'])) == ('1', 'b')
