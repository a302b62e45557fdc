"""Finds what changed between two models, element by element."""
