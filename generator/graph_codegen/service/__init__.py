"""Walks a model: the resources of the service, and the requests that each of them takes."""
