"""Data that the subpackages exchange: box files, and the frames of boxes and maps."""
