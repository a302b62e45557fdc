"""A package generated from OpenAPI is the one generated from CSDL, as far as OpenAPI can say."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from graph_codegen import api
from graph_codegen.assets import folder
from graph_codegen.emit import names
from graph_codegen.emit.client import render_client
from graph_codegen.emit.package import facts
from graph_codegen.facts import settings
from graph_codegen.model.model import Model
from graph_codegen.service.requests import list_requests
from tests.golden.documented import load_examples
from tests.hostile.generated import Generated, imported
from tests.support.csdl import graph_codegen
from tests.support.openapi import FILE, JSON, library, write_both
from tests.support.published import OLDEST, published, published_openapi

ROOTS = ("communications", "commsNotifications")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Microsoft's OpenAPI document."""
    return published_openapi(tmp_path_factory.mktemp("openapi"))


def client_parts(model: Model) -> Counter[str]:
    """Return what the client consists of: every class, method, argument, type and query option.

    The order of arguments, which are named in calls, is left out.
    """
    writer = facts(folder("metadata")).writer(names.assign_names(model))
    sources = render_client(model, writer, settings.load())
    return Counter(part.strip() for text in sources.values() for part in re.split(r"[,\n]", text))


def test_microsofts_document_gives_the_methods_of_the_csdl_of_its_time(document: Path) -> None:
    found = api.read_subset(document, roots=ROOTS).model
    expected = api.read_subset(published(OLDEST), roots=ROOTS).model
    lines = [request.http for request in list_requests(found)]
    assert lines == [request.http for request in list_requests(expected)]
    assert len(lines) == 104
    assert client_parts(found) == client_parts(expected)
    assert found.types.keys() == expected.types.keys()


def test_it_reads_the_documented_messages_losslessly(document: Path) -> None:
    package = "from_openapi"
    made = api.generate(document, roots=ROOTS, package=package)
    assert made.unread == ()
    assert made.unsaid["whether a type is open"] > 40
    model = api.read_subset(document, roots=ROOTS).model
    bodies = [
        (kind, message.body)
        for example in load_examples()
        for kind, messages in (
            ("Call", (example.request, example.response)),
            ("CommsNotifications", example.notifications),
        )
        for message in messages
    ]
    assert len(bodies) == 29
    with imported(Generated(model, names.assign_names(model), package, made.files)) as module:
        models = module("models")
        for kind, body in bodies:
            parsed: Any = getattr(models, kind).from_json(json.dumps(body))
            assert parsed.to_dict() == body


def test_the_command_says_what_the_document_does_not(tmp_path: Path) -> None:
    openapi, csdl = write_both(tmp_path)
    more = ("--root", "all", "--package", "library", "--output", tmp_path / "out")
    done = graph_codegen("generate", "--metadata", openapi, *more)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "document" in line]
    assert told == [
        "the document does not say whether a type is abstract (5), whether a type is open (5),"
        " whether an enumeration has flags (1), the value of a member (3), facets of a property (13),"
        " the partner of a navigation property (2), where a navigation property leads to (1),"
        " whether a parameter that is not null may be left out (2), the order of parameters (1)",
        "requests of the document that are left out: others (1); the first is"
        " GET /shelves/{shelf-id}/books/{book-id}/library.shelf",
    ]
    silent = graph_codegen("generate", "--metadata", csdl, *more)
    assert "the document" not in silent.stderr


def test_yaml_gives_the_same_package(tmp_path: Path) -> None:
    openapi, _ = write_both(tmp_path)
    again = tmp_path / "library"
    again.write_text(yaml.safe_dump(library(), sort_keys=False), encoding="utf-8")
    one, other = (
        api.generate(path, roots=("all",), package="library") for path in (openapi, again)
    )
    naming = {"manifest.json", "sbom.cdx.json"}  # the document
    assert {p: t for p, t in one.files.items() if p not in naming} == {
        p: t for p, t in other.files.items() if p not in naming
    }


def test_a_subset_as_csdl_is_refused(tmp_path: Path) -> None:
    openapi, _ = write_both(tmp_path)
    done = graph_codegen("slice", openapi, "--root", "all", "--output", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"error: {FILE}: OpenAPI says less than a subset as CSDL would have to say: take it of the CSDL"
        " document"
    )


def test_unknown_traits_are_shown_as_such(tmp_path: Path) -> None:
    openapi, csdl = write_both(tmp_path)
    shown = [
        graph_codegen("inspect", name, "--metadata", path).stdout
        for name in ("library.person", "library.kind")
        for path in (openapi, csdl)
    ]
    assert "library.person  abstract? open? EntityType" in shown[0]
    assert "library.person  open EntityType" in shown[1]
    assert "library.kind  flags? EnumType" in shown[2]
    assert "unknown " in shown[2]
    assert "library.kind  EnumType" in shown[3]


def test_microsofts_document_and_the_csdl_of_its_time_do_not_differ(document: Path) -> None:
    csdl = published(OLDEST)
    there, back = (
        api.compare(old, new, roots=("communications",))
        for old, new in ((document, csdl), (csdl, document))
    )
    assert there.findings == back.findings == ()
    assert there.uncompared == back.uncompared
    assert there.uncompared["types that are open"] == 44
    assert there.uncompared["types that are abstract"] == 8


def test_the_form_of_keys_is_not_compared_with_csdl(tmp_path: Path) -> None:
    openapi, csdl = write_both(tmp_path)
    text = re.sub(r"/\{(shelf|book)-id\}", r"({\1-id})", openapi.read_text(encoding="utf-8"))
    other = tmp_path / "other.json"
    other.write_text(text, encoding="utf-8")
    assert api.compare(other, csdl, roots=("all",)).findings == ()
    (finding,) = api.compare(openapi, other, roots=("all",)).findings
    assert finding.rule.id == "capability-withdrawn"
    said = '<Annotation Term="Org.OData.Capabilities.V1.KeyAsSegmentSupported" Bool="false"/>'
    text = csdl.read_text(encoding="utf-8").replace('"Library">', f'"Library">{said}')
    csdl.write_text(text, encoding="utf-8")
    report = api.compare(other, csdl, roots=("all",))
    assert (report.findings, report.uncompared["forms of keys"]) == ((), 1)


Change = Callable[[JSON], None]


def unlend(changed: JSON) -> None:
    paths = changed["paths"]
    del paths["/shelves/{shelf-id}/books/{book-id}/library.lend"]


def undelete(changed: JSON) -> None:
    del changed["paths"]["/shelves/{shelf-id}"]["delete"]


def retype(changed: JSON) -> None:
    changed["components"]["schemas"]["library.loan"]["properties"]["days"]["format"] = "int64"


def unselect(changed: JSON) -> None:
    changed["paths"]["/desk"]["get"]["parameters"].pop(0)


def add_member(changed: JSON) -> None:
    changed["components"]["schemas"]["library.kind"]["enum"].append("comic")


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (unlend, {"operation-removed"}),
        (undelete, {"capability-withdrawn"}),
        (retype, {"property-format-changed"}),
        (unselect, {"capability-withdrawn"}),
        (add_member, {"member-added"}),
    ],
)
def test_what_both_can_say_is_compared(change: Change, rules: set[str], tmp_path: Path) -> None:
    openapi, csdl = write_both(tmp_path)
    changed = library()
    change(changed)
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(changed), encoding="utf-8")
    for old in (openapi, csdl):
        report = api.compare(old, newer, roots=("all",))
        assert {finding.rule.id for finding in report.findings} == rules
        assert bool(report.uncompared) is (old == csdl)
