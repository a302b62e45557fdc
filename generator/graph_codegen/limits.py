"""How much a document may hold: whatever stands in it, it costs a bounded time and memory.

docs/generator.md lists all of these, and what Graph's whole metadata has of each.
"""

from __future__ import annotations

# -- the document

BYTES = 64 * 2**20
"""Bytes of a document."""

MARKUP = 1_000_000
"""Elements, attributes and lines of a document, each."""

LEVELS = 256
"""Levels of elements, as many as lxml allows in its own trees, and of values in OpenAPI."""

VALUES = 4_000_000
"""Values of an OpenAPI document, with those that aliases repeat."""

REPEATED = 500_000
"""Values that the aliases of an OpenAPI document in YAML repeat."""

DECLARED = 50_000
"""Types, properties and members of enumerations of an OpenAPI document, which says the most in few bytes."""

ELEMENT_ATTRIBUTES = 100
"""Attributes of one element."""

FINDINGS = 10_000
"""Diagnostics about one document before reading it stops."""

# -- names

NAME = 128
"""Characters of a name (CSDL 15.2)."""

NAMESPACE = 511
"""Characters of a namespace (CSDL 5.1)."""

PATH = 10_000
"""Characters of a path or of the target of annotations."""

EXPANDED = 16_000_000
"""Characters by which a document grows when its aliases are resolved."""

# -- the model

BASE_TYPES = 50
"""Levels of base types."""

INHERITED = 200_000
"""Properties of all types, counting those that each inherits."""

MEMBERS = 5_000
"""Members of one enumeration."""

PARAMETERS = 100
"""Parameters of one operation."""

OVERLOADS = 50
"""Overloads of one operation that are bound to the same type."""

ANNOTATIONS = 1_000
"""Annotations of one element, counting the values in them."""

ALL_ANNOTATIONS = 200_000
"""Annotations of all elements: one without a signature counts for each overload."""

# -- the service

REQUESTS = 50_000
"""Requests of a service, and resources."""

CALLS = 2_000_000
"""Operations that are looked at, each at every resource where it might be called."""

ARGUMENTS = 300_000
"""Keys and parameters of all requests."""

CHARACTERS = 8_000_000
"""Characters of all requests: paths, keys, and parameters with their types."""

SEGMENTS = 100
"""Segments of a path."""

# -- the package

TYPES = 10_000
"""Types of a package."""

LINEAGES = 40_000
"""Types of a package, each counted with its base types."""

NAMESPACES = 500
"""Namespaces of a package, each of which is a module."""

BLACK_LINES = 50_000
"""Lines of code up to which black formats it; ruff formats more."""

BLACK_CHARACTERS = 2_500_000
"""Characters of such code, the lines of which may be long."""
