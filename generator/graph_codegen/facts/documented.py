"""`metadata/documented.json`: the requests that pages of the documentation have, and their permissions.

The documentation and the metadata spell requests differently. They are compared without the case of
letters, the names of keys, the arguments of functions, and namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from graph_codegen.errors import error
from graph_codegen.facts import files
from graph_codegen.model.subset import Subset
from graph_codegen.service.requests import Request, list_requests
from graph_codegen.service.slices import normal_form, normal_form_of, parse, take_requests
from graph_codegen.text import shorten

FILE = "documented.json"

_LINE = re.compile(r"(DELETE|GET|PATCH|POST|PUT) (/[!-.0-~]+)+")
"""Request lines; paths are of visible ASCII."""

_PERMISSION = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,99}")


@dataclass(frozen=True)
class Documentation:
    """What is documented about a request: the permissions of which it needs one, least privileged first.

    `application` are those of an application without a user, `delegated` those of a signed-in user.
    `page` is the page of the reference that has the request, where the file names one.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    application: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
    page: str = ""

    def __post_init__(self) -> None:
        for names in (self.application, self.delegated):
            for name in names:
                if not _PERMISSION.fullmatch(name):
                    raise ValueError(
                        f"{shorten(name)} is not a permission, such as Calls.Initiate.All"
                    )
                if names.count(name) > 1:
                    raise ValueError(f"names {name} twice")


@dataclass(frozen=True)
class Documented:
    """What the file says. Raises ValueError for a request that is listed twice or not understood.

    `requests` are by request line. `covers` are the paths below which the file has every request that is
    documented: of others it says nothing.
    """

    covers: tuple[str, ...]
    requests: Mapping[str, Documentation]

    def __post_init__(self) -> None:
        first: dict[str, str] = {}
        for line in self.requests:
            if not _LINE.fullmatch(line):
                raise ValueError(f"{shorten(line)} is not a request, such as GET /me/presence")
            other = first.setdefault(normal_form(line), line)
            if other != line:
                raise ValueError(f"{shorten(other)} and {shorten(line)} are the same request")
            if not self._covers(line):
                raise ValueError(f"{shorten(line)} is not below a path that the file covers")

    @cached_property
    def _by_normal_form(self) -> Mapping[str, Documentation]:
        return {normal_form(line): found for line, found in self.requests.items()}

    def of(self, request: Request) -> Documentation | None:
        """Return what is documented about a request, None if it is not documented.

        Nothing is known of requests with another key than the entity's own.
        """
        if request.alternate:
            return None
        return self._by_normal_form.get(normal_form_of(request))

    def lacks(self, request: Request) -> bool:
        """Whether a request is known not to be documented."""
        return self.of(request) is None and self._covers(normal_form_of(request))

    @cached_property
    def _covered(self) -> tuple[str, ...]:
        return tuple(normal_form(f"GET {path}/").removeprefix("GET ") for path in self.covers)

    def _covers(self, line: str) -> bool:
        path = normal_form(f"{line}/").partition(" ")[2]
        return path.startswith(self._covered)


NOTHING = Documented((), {})
"""What is known without the file."""


def load(*folders: Path) -> Documented:
    """Read the file from folders with facts; without one, nothing is known of any request.

    Raises CodegenError if the file is not understood.
    """
    contents = files.read(folders, FILE, "the documented requests are", Documented)
    covers = (path for content in contents for path in content.covers)
    # Of a request that is in two files, spelled otherwise perhaps, the later one is believed.
    requests = {
        normal_form(line): (line, found) for c in contents for line, found in c.requests.items()
    }
    return Documented(tuple(dict.fromkeys(covers)), dict(requests.values()))


def take_documented(taken: Subset, documented: Documented) -> Subset:
    """Return the part of a subset that its documented requests need; its other requests are left out.

    Roots that are types stay, and so does a function that is composable where what is documented is bound
    to its result. Raises CodegenError for another root below which nothing is documented.
    """
    model = taken.model
    every = list_requests(model)
    found = [request for request in every if documented.of(request) is not None]
    roots = [parse(model, root) for root in taken.roots]
    for root in roots:
        if not root.is_type and not any(map(root.covers, found)):
            raise error(f"no request below the root {root.text} is documented", model.place)
    return take_requests(taken, every, found, [root.text for root in roots if root.is_type])
