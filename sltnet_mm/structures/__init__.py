"""What the rooms pass to one another: box files, and the frames that boxes and maps live in."""
