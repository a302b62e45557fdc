"""Compares two metadata documents: what changed, what that means for whom, and a report of it."""
