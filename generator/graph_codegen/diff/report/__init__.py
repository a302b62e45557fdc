"""Renders findings: for a terminal, as Markdown, JSON or HTML, and as a changelog entry."""
