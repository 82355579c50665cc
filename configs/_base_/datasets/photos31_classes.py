# The 31 classes of photos31, in the order of the labels.
classes = (
    'Brown_Bear Lion Tiger Pig Rabbit Wildebeest Zebra Elephant Hippopotamus Bison Camel Koala Squirrel Red_Fox Otter '
    'Sea_Lion Chimpanzee Gorilla Frog Seahorse Pineapple Lemon Strawberry Broccoli Cep_Mushroom Daffodil Marigold '
    'Fire_Engine Garbage_Truck Hot_Air_Balloon Airliner'
).split()
