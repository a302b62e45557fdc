"""The table of terms, and the kinds of requests that it speaks about."""

from __future__ import annotations

from typing import get_args

from graph_codegen.csdl.ast import Annotation, Constant, Record
from graph_codegen.csdl.vocabulary import TERMS, Kind, Option, restrictions_in
from graph_codegen.service.requests import COLLECTION_OPTIONS, METHODS
from graph_comms._runtime import operation

READ = "Org.OData.Capabilities.V1.ReadRestrictions"


def test_the_runtime_has_the_same_kinds_of_requests_and_recordings() -> None:
    assert {*get_args(Kind)} | {"recording"} == {*get_args(operation.Kind)}
    assert METHODS.keys() == {*get_args(Kind)}


def test_a_term_rules_out_each_query_option() -> None:
    ruled_out = {r.option for term in TERMS.values() for r in term.restrictions if r.option}
    assert ruled_out == {*get_args(Option)} == {*COLLECTION_OPTIONS}


def test_a_restriction_applies_only_where_its_own_flag_says_so() -> None:
    by_key = Record((("Readable", Constant("Bool", "false")),))
    restricted = Annotation(READ, Record((("ReadByKeyRestrictions", by_key),)))
    empty = Annotation(READ, Record((("ReadByKeyRestrictions", Record(())),)))

    (found,) = restrictions_in([restricted])
    assert (found.scope, found.requests) == ("by key", frozenset({"get"}))
    assert [*restrictions_in([empty, Annotation(READ), Annotation("a.b")])] == []


def test_a_tag_without_a_value_says_its_default() -> None:
    computed = "Org.OData.Core.V1.Computed"
    tags = [Annotation(computed), Annotation(computed, Constant("Bool", "false"))]

    assert [len([*restrictions_in([tag])]) for tag in tags] == [1, 0]
