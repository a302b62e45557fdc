"""What Graph's maintainers change in its metadata is learnt from two documents, and applied by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graph_codegen import api
from graph_codegen.csdl import reader
from graph_codegen.csdl.ast import Annotation, Constant, Document, Record, StructuredType
from graph_codegen.errors import CodegenError
from graph_codegen.facts import corrections
from graph_codegen.facts.corrections import Corrections
from graph_codegen.model.model import Model
from graph_codegen.model.resolver import resolve
from graph_codegen.model.subset import take
from graph_codegen.service.requests import list_requests
from tests.support.csdl import FILE, document, graph_codegen
from tests.support.published import CHINA, GOVERNMENT, NEWEST, RAW, published

CORE, CAPABILITIES = "Org.OData.Core.V1.", "Org.OData.Capabilities.V1."


def service(
    *,
    containment: str = "",
    stream: str = "",
    notes: str = "",
    sets: str = "",
    container: str = "GraphService",
) -> bytes:
    """Return a document of Graph; what is raw in one is cleaned in another."""
    return document(f"""<EntityType Name="thing" {stream}><Key><PropertyRef Name="id"/></Key>
        <Property Name="id" Type="Edm.String"/>
        <NavigationProperty Name="parts" Type="Collection(graph.thing)" {containment}/></EntityType>
        <Action Name="mend" IsBound="true"><Parameter Name="it" Type="graph.thing"/>
        <Parameter Name="how" Type="Edm.String"/></Action>
        <EntityContainer Name="{container}"><EntitySet Name="things" EntityType="graph.thing"/>{sets}
        </EntityContainer>{notes}""")


def note(target: str, term: str, value: str = "") -> str:
    return f'<Annotations Target="{target}"><Annotation Term="{term}"{value}/></Annotations>'


def read(data: bytes) -> tuple[Document, Model]:
    found = reader.read(data, FILE)
    return found, resolve(found)


RAW_NOTES = (
    note("graph.thing", f"{CAPABILITIES}ChangeTracking", ' Bool="true"')
    + note("graph.thing", f"{CORE}Description", ' String="raw"')
    + note("graph.mend(graph.thing, Edm.String)/how", f"{CORE}OptionalParameter")
)
CLEANED_NOTES = (
    note("graph.thing/parts", f"{CAPABILITIES}TopSupported", ' Bool="false"')
    + note("graph.thing", f"{CORE}Description", ' String="cleaned"')
    + note("graph.mend(graph.thing, Edm.String)", f"{CORE}RequiresExplicitBinding")
    + note(
        "graph.GraphService/things", f"{CAPABILITIES}SkipSupported", ' Bool="false" Qualifier="q"'
    )
)
BEFORE = service(
    containment='ContainsTarget="true"',
    sets='<EntitySet Name="spare" EntityType="graph.thing"/>',
    notes=RAW_NOTES,
)
AFTER = service(stream='HasStream="true"', notes=CLEANED_NOTES)


def learnt() -> Corrections:
    return corrections.learn(read(BEFORE), read(AFTER))


def test_what_differs_of_the_same_things_is_learnt() -> None:
    found = learnt()
    thing = "microsoft.graph.thing"
    mend = f"microsoft.graph.mend({thing}, Edm.String)"
    false = Constant("Bool", "false")
    assert found.contains_target == {f"{thing}/parts": False}
    assert found.has_stream == {thing: True}
    assert found.left_out == ("spare",)
    assert found.annotations == {
        thing: {f"{CAPABILITIES}ChangeTracking": None},
        f"{thing}/parts": {f"{CAPABILITIES}TopSupported": false},
        mend: {f"{CORE}RequiresExplicitBinding": Constant("Bool", "true")},
        f"{mend}/how": {f"{CORE}OptionalParameter": None},
        "microsoft.graph.GraphService/things": {f"{CAPABILITIES}SkipSupported#q": false},
    }
    assert found.documents["raw"]["document"] == FILE


def requests(model: Model) -> list[str]:
    return [f"{one.http} {' '.join(one.options)}" for one in list_requests(model)]


def test_what_is_corrected_is_what_the_cleaned_document_says() -> None:
    raw, cleaned = read(BEFORE)[1], read(AFTER)[1]
    corrected, changed = corrections.apply(raw, learnt())
    assert requests(corrected) == requests(cleaned)
    assert requests(raw) != requests(cleaned)
    assert changed == 8
    assert corrections.apply(corrected, learnt()) == (corrected, 0)
    assert corrections.apply(cleaned, learnt()) == (cleaned, 0)
    (thing,) = corrected.types.values()
    assert isinstance(thing, StructuredType)
    assert [one.term for one in thing.annotations] == [f"{CORE}Description"]  # as it was


def test_an_entry_point_is_left_out_of_raw_documents_alone() -> None:
    published = read(service(sets='<EntitySet Name="spare" EntityType="graph.thing"/>', notes=""))[
        1
    ]
    only = Corrections({}, {}, {}, ("spare",), {})
    assert corrections.apply(published, only) == (published, 0)
    raw = Corrections({"microsoft.graph.thing/parts": True}, {}, {}, ("spare",), {})
    found, changed = corrections.apply(published, raw)
    assert changed == 2
    assert "spare" not in {source.name for source in found.sources}


def test_the_file_says_the_same_again(tmp_path: Path) -> None:
    record = Record((("Readable", Constant("Bool", "false")),), "a.B")
    found = learnt()
    more: dict[str, object] = {**found.annotations, "a/b": {"c": record}}
    found = Corrections(
        found.contains_target, found.has_stream, more, found.left_out, found.documents  # type: ignore[arg-type]
    )
    (tmp_path / corrections.FILE).write_text(corrections.render(found), encoding="utf-8")
    assert corrections.load(tmp_path) == found


def test_the_metadata_of_others_is_left_alone(tmp_path: Path) -> None:
    other = read(service(container="Other", containment='ContainsTarget="true"'))[1]
    assert not corrections.concern(other)
    assert corrections.concern(read(BEFORE)[1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with both documents, and what is learnt of them."""
    (tmp_path / "raw.xml").write_bytes(BEFORE)
    (tmp_path / "cleaned.xml").write_bytes(AFTER)
    arguments = (str(tmp_path / name) for name in ("raw.xml", "cleaned.xml"))
    done = graph_codegen("corrections", *arguments, "--output", str(tmp_path / "metadata"))
    assert done.returncode == 0, done.stderr
    assert "1 × ContainsTarget\n1 × HasStream\n5 annotations of 5 elements\n" in done.stdout
    return tmp_path


def test_documents_are_corrected_unless_one_says_no(folder: Path) -> None:
    raw, config = folder / "raw.xml", folder / "graph-codegen.toml"
    config.write_text('facts = "metadata"')
    plain = api.read(raw, config=config, corrected=False)
    found = api.read(raw, config=config)
    assert (plain.corrected, found.corrected) == (0, 8)
    assert len(requests(found.model)) < len(requests(plain.model))


def test_provenance_tells_how_much_was_corrected(tmp_path: Path) -> None:
    raw = tmp_path / "raw.xml"
    raw.write_bytes(BEFORE)
    for arguments in ((), ("--no-corrections",)):
        done = graph_codegen(
            "slice", str(raw), "--root", "all", "--output", str(tmp_path / "out"), *arguments
        )
        assert done.returncode == 0, done.stderr
        provenance = json.loads((tmp_path / "out/provenance.json").read_text(encoding="utf-8"))
        assert provenance["corrected"] == 0  # what is learnt of Graph concerns other names


def test_only_metadata_of_graph_is_compared(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(service(container="Other"))
    done = graph_codegen("corrections", str(tmp_path / "a.xml"), str(tmp_path / "a.xml"))
    assert done.returncode == 2
    assert "a.xml: this is no metadata of Graph" in done.stderr


def test_what_cannot_be_kept_is_refused() -> None:
    value = '<Annotation Term="a.b"><If><Bool>true</Bool><Int>1</Int></If></Annotation>'
    cleaned = service(notes=f'<Annotations Target="graph.thing">{value}</Annotations>')
    with pytest.raises(CodegenError, match="an expression If cannot be kept"):
        corrections.render(corrections.learn(read(service()), read(cleaned)))


# -- the published metadata


ROOTS = ("communications", "users", "groups", "sites", "drives", "me", "all")


def test_raw_metadata_gives_the_requests_of_the_cleaned() -> None:
    raw, cleaned = api.read(published(RAW)), api.read(published(NEWEST))
    assert (raw.corrected > 200, cleaned.corrected) == (True, 0)
    for root in ROOTS:
        wanted = {one.http for one in list_requests(take(cleaned.model, [root]).model)}
        found = {one.http for one in list_requests(take(raw.model, [root]).model)}
        assert wanted <= found, root
        assert len(found) <= 1.1 * len(wanted), root


@pytest.mark.parametrize("cloud", [GOVERNMENT, CHINA])
def test_the_walk_through_all_of_another_cloud_ends(cloud: str) -> None:
    assert len(list_requests(api.read(published(cloud)).model)) > 5_000


def test_the_corrections_are_those_of_the_published_documents() -> None:
    raw, cleaned = (api.read(published(name), corrected=False) for name in (RAW, NEWEST))
    found = corrections.learn((raw.document, raw.model), (cleaned.document, cleaned.model))
    kept = Path(__file__).parents[3] / "metadata" / corrections.FILE
    assert kept.read_text(encoding="utf-8") == corrections.render(found)
    assert (len(found.contains_target), len(found.has_stream)) == (57, 3)


def test_annotations_of_one_term_stay_apart_by_their_qualifiers() -> None:
    two = "".join(note("graph.thing", "a.b", f' Qualifier="{name}" Int="1"') for name in "xy")
    changed = two.replace('"y" Int="1"', '"y" Int="2"')
    found = corrections.learn(read(service(notes=two)), read(service(notes=changed)))
    assert found.annotations == {"microsoft.graph.thing": {"a.b#y": Constant("Int", "2")}}
    model, _ = corrections.apply(read(service(notes=two))[1], found)
    annotations = model.types["microsoft.graph.thing"].annotations
    assert annotations == (
        Annotation("a.b", Constant("Int", "1"), "x"),
        Annotation("a.b", Constant("Int", "2"), "y"),
    )
