"""What OData asks of a service: entities by path, and the options of queries."""
