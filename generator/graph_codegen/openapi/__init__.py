"""Reads OpenAPI of OData services: JSON or YAML → the declarations that `csdl` gives for CSDL."""
