"""Brings a project up to newer metadata."""
