"""Writes what is generated: Python names, the OpenAPI document, models, client, package and pages."""
