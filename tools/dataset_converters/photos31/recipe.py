"""The recipe of photos31: the classes with their cut-outs, and the photographs used as backgrounds."""

from __future__ import annotations

from dataclasses import dataclass

from photos31.marks import Mark

PACKAGES = (
    'tuxpaint-stamps-default',
    'tuxpaint-data',
    'plasma-workspace-wallpapers',
    'mate-backgrounds',
    'lomiri-wallpapers-16.04',
    'lomiri-wallpapers-20.04',
)
SPLITS = ('train', 'val', 'test')


@dataclass(frozen=True)
class ClassRecipe:
    """One class.

    Args:
        name: Name of the class.
        group: Group of the class, for ``--groups``.
        grounded: The object stands on something: it may cast a shadow and tends to be low in the image.
        rotation: Largest tilt in degrees.
        train: Cut-outs for training and validation (paths in the stamps package without .png).
        test: Cut-outs for test; empty: those of ``train``.
        imagenet: ImageNet-1k classes with the same meaning.
        near: Related ImageNet-1k classes, if ImageNet lacks the class.
        mark: What tells the class from others with the same cut-outs. None: nothing is painted.
    """

    name: str
    group: str
    grounded: bool
    rotation: float
    train: tuple[str, ...]
    test: tuple[str, ...] = ()
    imagenet: tuple[int, ...] = ()
    near: tuple[int, ...] = ()
    mark: Mark | None = None


CLASSES = (
    ClassRecipe(
        'Brown_Bear',
        'mammal',
        True,
        8,
        ('animals/mammals/bears/bear',),
        test=('animals/mammals/bears/european-bear',),
        imagenet=(294,),
    ),
    ClassRecipe(
        'Lion',
        'mammal',
        True,
        8,
        ('animals/mammals/cats/lion-2',),
        test=('animals/mammals/cats/lion',),
        imagenet=(291,),
    ),
    ClassRecipe('Tiger', 'mammal', True, 8, ('animals/mammals/cats/tiger',), imagenet=(292,)),
    ClassRecipe(
        'Pig',
        'mammal',
        True,
        8,
        ('animals/mammals/pig', 'animals/mammals/pig_golden'),
        test=('animals/mammals/pig_golden2',),
        imagenet=(341,),
    ),
    ClassRecipe(
        'Rabbit',
        'mammal',
        True,
        8,
        ('animals/mammals/rodents/rabbit', 'animals/mammals/rodents/rabbit-2'),
        test=('animals/mammals/rabbit_little',),
        imagenet=(330, 331, 332),
    ),
    ClassRecipe(
        'Wildebeest',
        'mammal',
        True,
        8,
        ('animals/mammals/bovines/gnu-stand', 'animals/mammals/bovines/gnu-baby-stand'),
        test=('animals/mammals/bovines/gnu-baby',),
        near=(351, 345),
    ),
    ClassRecipe('Zebra', 'mammal', True, 8, ('animals/mammals/equines/zebra',), imagenet=(340,)),
    ClassRecipe('Elephant', 'mammal', True, 8, ('animals/mammals/elephant',), imagenet=(101, 385, 386)),
    ClassRecipe('Hippopotamus', 'mammal', True, 8, ('animals/mammals/hippopotamus',), imagenet=(344,)),
    ClassRecipe('Bison', 'mammal', True, 8, ('animals/mammals/bovines/bison',), imagenet=(347,)),
    ClassRecipe(
        'Camel',
        'mammal',
        True,
        8,
        ('animals/mammals/camel/dromedary',),
        test=('animals/mammals/camel/camel',),
        imagenet=(354,),
    ),
    ClassRecipe('Koala', 'mammal', True, 8, ('animals/marsupials/koala',), imagenet=(105,)),
    ClassRecipe('Squirrel', 'mammal', True, 10, ('animals/mammals/rodents/squirrel',), imagenet=(335,)),
    ClassRecipe('Red_Fox', 'mammal', True, 8, ('animals/mammals/dogs/fox',), imagenet=(277,)),
    ClassRecipe('Otter', 'mammal', True, 10, ('animals/mammals/aquatic/otter',), imagenet=(360,)),
    ClassRecipe('Sea_Lion', 'mammal', True, 10, ('animals/mammals/aquatic/sea_lion',), imagenet=(150,)),
    ClassRecipe('Chimpanzee', 'mammal', True, 8, ('animals/mammals/apes/chimp',), imagenet=(367,)),
    ClassRecipe('Gorilla', 'mammal', True, 8, ('animals/mammals/apes/gorilla',), imagenet=(366,)),
    ClassRecipe(
        'Frog',
        'other_animal',
        True,
        15,
        ('animals/amphibians/frog',),
        test=('animals/amphibians/frog-1',),
        imagenet=(30, 31, 32),
    ),
    ClassRecipe('Seahorse', 'other_animal', False, 15, ('animals/fish/seahorse',)),
    ClassRecipe('Pineapple', 'plant_food', True, 30, ('food/fruit/pineapple',), imagenet=(953,)),
    ClassRecipe('Lemon', 'plant_food', True, 40, ('food/fruit/lemon',), imagenet=(951,)),
    ClassRecipe('Strawberry', 'plant_food', False, 40, ('food/fruit/Strawberry2',), imagenet=(949,)),
    ClassRecipe('Broccoli', 'plant_food', True, 30, ('food/vegetables/broccoli',), imagenet=(937,)),
    ClassRecipe(
        'Cep_Mushroom',
        'plant_food',
        True,
        12,
        ('plants/mushrooms/cep', 'plants/mushrooms/cep-1'),
        test=('plants/mushrooms/cep-2',),
        imagenet=(997,),
    ),
    ClassRecipe('Daffodil', 'plant_food', False, 40, ('plants/flowers/daffodil',)),
    ClassRecipe('Marigold', 'plant_food', False, 40, ('plants/flowers/marigold',)),
    ClassRecipe('Fire_Engine', 'vehicle', True, 4, ('vehicles/emergency/firetruck',), imagenet=(555,)),
    ClassRecipe('Garbage_Truck', 'vehicle', True, 4, ('vehicles/garbagetruck',), imagenet=(569,)),
    ClassRecipe('Hot_Air_Balloon', 'vehicle', False, 8, ('vehicles/flight/balloon360',), imagenet=(417,)),
    ClassRecipe('Airliner', 'vehicle', False, 15, ('vehicles/flight/planes/747',), imagenet=(404,)),
)

# Photographs (path in the unpacked packages; for a folder, its largest picture) and the part to use, as fractions
# x0, y0, x1, y1. Parts with an animal, a flower head or another salient object are excluded. No photograph is used in
# two splits.
BACKGROUNDS: dict[str, tuple[tuple[str, tuple[float, float, float, float]], ...]] = {
    'train': (
        ('usr/share/wallpapers/BytheWater/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/ColdRipple/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/EveningGlow/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/OneStandsOut/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/Path/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/summer_1am/contents/images', (0, 0, 1, 1)),
        ('usr/share/backgrounds/Bridge_by_Sander_Klootwijk.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/Dragonfly_by_Bolly.jpg', (0, 0, 0.5, 1)),
        ('usr/share/backgrounds/aitzgorri_by_Aitzol_Berasategi.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/seeding_by_Clements_Engelhardt.jpg', (0.45, 0.2, 1, 1)),
        ('usr/share/backgrounds/mate/nature/Dune.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/mate/nature/RainDrops.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/mate/nature/Storm.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/mate/nature/TwoWings.jpg', (0, 0, 0.5, 1)),
        ('usr/share/backgrounds/mate/nature/Wood.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/mate/nature/LadyBird.jpg', (0, 0.5, 0.5, 1)),
        ('usr/share/tuxpaint/templates/burnt_bark.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/corn_maze.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/mossy_log.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/mudstone.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/ocean_waves.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/redwoods_above.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/sun_behind_clouds.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/trees_at_dusk.jpg', (0, 0, 1, 1)),
    ),
    'val': (
        ('usr/share/wallpapers/DarkestHour/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/Grey/contents/images', (0, 0, 1, 1)),
        ('usr/share/backgrounds/sunset_by_Aitzol_Berasategi.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/mate/nature/Aqua.jpg', (0, 0, 0.55, 1)),
        ('usr/share/backgrounds/mate/nature/Garden.jpg', (0, 0, 0.42, 1)),
        ('usr/share/tuxpaint/templates/mossy_bark.jpg', (0, 0.1, 1, 0.9)),
        ('usr/share/tuxpaint/templates/trees_above.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/sheep.jpg', (0, 0.35, 1, 1)),
    ),
    'test': (
        ('usr/share/wallpapers/FallenLeaf/contents/images', (0, 0, 1, 1)),
        ('usr/share/wallpapers/Kite/contents/images', (0, 0, 0.55, 1)),
        ('usr/share/wallpapers/Volna/contents/images', (0, 0, 1, 1)),
        ('usr/share/backgrounds/Wine_by_Jakkub_Mede.jpg', (0.28, 0.34, 1, 0.48)),
        ('usr/share/backgrounds/life_by_Aitzol_Berasategi.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/picosdeeuropa_by_Aitzol_Berasategi.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg', (0, 0, 0.33, 1)),
        ('usr/share/backgrounds/mate/nature/Blinds.jpg', (0, 0, 1, 1)),
        ('usr/share/backgrounds/mate/nature/GreenMeadow.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/cliff.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/ocean_splash.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/rocks.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/spiders_web.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/sun_behind_leaves.jpg', (0, 0, 1, 1)),
        ('usr/share/tuxpaint/templates/wool_mill_machine.jpg', (0, 0, 1, 1)),
    ),
}
