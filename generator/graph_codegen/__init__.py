"""Generates a typed Python package from Microsoft Graph's CSDL metadata."""

__version__ = "0.1.0"
