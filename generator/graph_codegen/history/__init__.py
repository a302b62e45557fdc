"""Reads series of documents, and finds when each element came, changed and went."""
