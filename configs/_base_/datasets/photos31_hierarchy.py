# Groups of photos31's 31 classes for DANet, in the order of the labels. Our choice.
parents = (
    'carnivore carnivore carnivore hoofed small_mammal hoofed hoofed hoofed hoofed hoofed hoofed small_mammal '
    'small_mammal carnivore carnivore carnivore ape ape cold_blooded cold_blooded fruit fruit fruit vegetable '
    'vegetable flower flower truck truck aircraft aircraft '
)
roots = dict(carnivore='animal', hoofed='animal', small_mammal='animal', ape='animal', cold_blooded='animal')
roots.update(fruit='plant', vegetable='plant', flower='plant', truck='vehicle', aircraft='vehicle')
hierarchy = [(parent, roots[parent]) for parent in parents.split()]
del parents, roots
