"""Resolves a document into one model, validates it, takes subsets of it, and writes them as CSDL."""
