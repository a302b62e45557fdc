"""Puts generated files into a folder: all or none of them, and only those that are ours."""
