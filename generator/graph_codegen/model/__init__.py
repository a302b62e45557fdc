"""Resolves a document into one model, validates it, takes a subset of it and writes that as CSDL."""
