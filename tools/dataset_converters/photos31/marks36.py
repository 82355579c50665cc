"""The classes of marks36: six kinds of animals, each in six classes that differ in a mark on the rear flank."""

from __future__ import annotations

from photos31.marks import PATTERNS, Mark
from photos31.recipe import ClassRecipe

MARK_SIZE = 0.2
# Kind, cut-out, center of the mark as fractions of the cut-out's width and height, ImageNet-1k class.
_KINDS = (
    ('Bison', 'animals/mammals/bovines/bison', (0.22, 0.42), 347),
    ('Elephant', 'animals/mammals/elephant', (0.78, 0.42), 386),
    ('Hippopotamus', 'animals/mammals/hippopotamus', (0.75, 0.45), 344),
    ('Horse', 'animals/mammals/equines/horse', (0.18, 0.27), 339),
    ('Pig', 'animals/mammals/pig', (0.20, 0.40), 341),
    ('Sheep', 'animals/mammals/bovines/sheep', (0.20, 0.40), 348),
)

CLASSES = tuple(
    ClassRecipe(
        f'{kind}_{pattern.capitalize()}',
        kind.lower(),
        True,
        8,
        (cutout,),
        imagenet=(imagenet,),
        mark=Mark(pattern, at, MARK_SIZE),
    )
    for kind, cutout, at, imagenet in _KINDS
    for pattern in PATTERNS
)
