# The families and orders of CUB's 200 classes for DANet, in the order of the labels, from common ornithology; the
# authors' own list has 37 families and 11 orders. Name*n stands for n classes in a row.
families = (
    'Diomedeidae*3 Cuculidae Alcidae*4 Icteridae*5 Cardinalidae*4 Ptilonorhynchidae Mimidae Icteriidae '
    'Passerellidae Caprimulgidae Phalacrocoracidae*3 Icteridae*2 Certhiidae Corvidae*2 Cuculidae*3 Fringillidae*2 '
    'Picidae Tyrannidae*7 Fregatidae Procellariidae Anatidae Fringillidae*2 Icteridae Podicipedidae*4 '
    'Cardinalidae Fringillidae*2 Cardinalidae Alcidae Laridae*8 Trochilidae*4 Stercorariidae*2 Corvidae*3 '
    'Passerellidae Tyrannidae*2 Alcedinidae*5 Laridae Alaudidae Gaviidae Anatidae Icteridae Anatidae*2 Mimidae '
    'Caprimulgidae Corvidae Sittidae Icteridae*4 Parulidae Pelecanidae*2 Tyrannidae*2 Motacillidae Caprimulgidae '
    'Alcidae Corvidae*2 Parulidae Cuculidae Laniidae*2 Passerellidae*5 Passeridae Passerellidae*15 Sturnidae '
    'Hirundinidae*4 Cardinalidae*2 Laridae*7 Passerellidae Mimidae*2 Vireonidae*7 Parulidae*27 Bombycillidae*2 '
    'Picidae*6 Troglodytidae*7 Parulidae '
)
orders = dict(
    Alcedinidae='Coraciiformes',
    Alcidae='Charadriiformes',
    Anatidae='Anseriformes',
    Caprimulgidae='Caprimulgiformes',
    Cuculidae='Cuculiformes',
    Diomedeidae='Procellariiformes',
    Fregatidae='Suliformes',
    Gaviidae='Gaviiformes',
    Laridae='Charadriiformes',
    Pelecanidae='Pelecaniformes',
    Phalacrocoracidae='Suliformes',
    Picidae='Piciformes',
    Podicipedidae='Podicipediformes',
    Procellariidae='Procellariiformes',
    Stercorariidae='Charadriiformes',
    Trochilidae='Apodiformes',
)
hierarchy = [
    (family, orders.get(family, 'Passeriformes'))
    for family, _, count in (word.partition('*') for word in families.split())
    for _ in range(int(count or 1))
]
del families, orders
