"""Turns changes into findings: the rule, its verdicts for the API and for Python, the version step."""
