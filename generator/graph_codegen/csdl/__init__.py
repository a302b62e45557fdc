"""Reads CSDL: XML → declarations as the document spells them, each with file and line."""
