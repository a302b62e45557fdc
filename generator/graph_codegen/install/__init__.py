"""Puts generated files into a folder: all of them or none, and only over files that are the generator's."""
