"""`docs/rules.md` is complete and correct: each example is compared, generated, type-checked and run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from graph_codegen.diff.verdict.findings import STEPS, Finding
from graph_codegen.diff.verdict.rules import RULES, Effect, Policy
from graph_codegen.emit.method_names import class_prefix
from tests.golden import rules
from tests.golden.rules import SIDES, Example, Outcome, Programs, SideName
from tests.support.csdl import model

SECTIONS = tuple(rules.sections(rules.PAGE.read_text(encoding="utf-8")))
EXAMPLES = tuple(example for section in SECTIONS for example in section.examples)
TOGETHER = tuple(example for example in EXAMPLES if not example.has_container)


def ids(example: Example) -> str:
    return example.id


each_example = pytest.mark.parametrize("example", EXAMPLES, ids=ids)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of both sides."""
    target = tmp_path_factory.mktemp("rules")
    rules.generate(TOGETHER, target)
    return target


@pytest.fixture(scope="module")
def programs(packages: Path) -> Programs:
    return Programs(TOGETHER, packages)


# -- the page


def test_the_page_has_every_rule_in_order() -> None:
    assert [section.rule for section in SECTIONS] == list(RULES)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.rule)
def test_the_page_gives_the_verdicts_of_the_rule(section: rules.Section) -> None:
    rule = RULES[section.rule]
    assert (section.policy, section.python) == rules.verdict(rule.policy, rule.effect)
    assert section.examples
    if rule.effect is None:
        assert all(example.effect for example in section.examples)


def test_the_page_lists_the_version_steps() -> None:
    rows = re.findall(
        r"^\| (\w+) \| (\w+) \| \w+ \|$", rules.PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert dict(rows) == STEPS


def test_the_page_lists_the_rules_whose_verdicts_differ() -> None:
    page = rules.PAGE.read_text(encoding="utf-8")
    listed = {
        (rule, policy, python)
        for policy, python, names in re.findall(
            r"^\| (\w+) \| ([\w -]+) \| (`.+`) \|$", page, re.MULTILINE
        )
        for rule in re.findall(r"`(.+?)`", names)
    }
    assert listed == {
        (rule.id, *rules.verdict(rule.policy, rule.effect))
        for rule in RULES.values()
        if rule.effect and (rule.policy is Policy.BREAKING) != rule.effect.breaks
    }


def test_the_page_explains_every_verdict() -> None:
    page = rules.PAGE.read_text(encoding="utf-8")
    for phrase in rules.VERDICTS.values():
        assert f"\n| {phrase} | " in page


def test_the_page_keeps_its_width() -> None:
    lines = rules.PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 105] == []


def test_a_single_singleton_is_the_client_until_another_root_comes() -> None:
    communications = '<Singleton Name="communications" Type="graph.call"/>'
    calls = '<EntitySet Name="calls" EntityType="graph.call"/>'
    found = [
        class_prefix(
            model(f'<EntityType Name="call"/><EntityContainer Name="x">{sources}</EntityContainer>')
        )
        for sources in (communications, communications + calls)
    ]
    assert found == ["Communications", "Graph"]


# -- the finding


def finding(example: Example) -> Finding:
    """The finding that the example is about."""
    (found,) = (f for f in rules.comparison(example).findings if f.rule.id == example.rule)
    return found


@each_example
def test_the_example_is_reported_by_its_rule(example: Example) -> None:
    findings = rules.comparison(example).findings
    own = [found.element for found in findings if found.rule.id == example.rule]
    assert own == [example.element.replace("self.", "microsoft.graph.")]
    others = sorted(found.rule.id for found in findings if found.rule.id != example.rule)
    assert others == sorted(example.also)


@each_example
def test_the_finding_has_the_effect_on_the_page(example: Example) -> None:
    assert finding(example).effect is example.expected


# -- the effect on programs


def effect(old: Outcome, new: Outcome) -> Effect | None:
    """The effect that two outcomes show; None if they fit no effect."""
    checked = bool(old.mypy), bool(new.mypy)
    ran = bool(old.run), bool(new.run)
    right, broken, mended = (False, False), (False, True), (True, False)
    return {
        (broken, broken): Effect.BOTH,
        (broken, right): Effect.TYPE_CHECK,
        (right, broken): Effect.RUN_TIME,
        (mended, mended): Effect.ADDITIVE,
        (mended, right): Effect.ADDITIVE,
        (right, mended): Effect.ADDITIVE,
        (right, right): Effect.INVISIBLE,
    }.get((checked, ran))


def outcomes(programs: Programs, example: Example, number: int) -> tuple[Outcome, Outcome]:
    old, new = (programs.outcome(side, example, number) for side in SIDES)
    return old, new


def cases() -> Sequence[object]:
    return [
        pytest.param(example, number, id=f"{example.id}/{number}")
        for example in TOGETHER
        for number, _ in enumerate(example.programs)
    ]


@pytest.mark.parametrize(("example", "number"), cases())
def test_the_program_behaves_as_the_page_says(
    example: Example, number: int, programs: Programs
) -> None:
    found = outcomes(programs, example, number)
    expected = example.programs[number].effect or example.expected
    # What is deprecated goes on as before: nothing warns when it runs, and no type checker errs.
    shown = Effect.INVISIBLE if expected is Effect.DEPRECATED else expected
    assert effect(*found) is shown, found


@pytest.mark.parametrize(("example", "number"), cases())
def test_both_type_checkers_agree(example: Example, number: int, programs: Programs) -> None:
    for outcome in outcomes(programs, example, number):
        assert bool(outcome.mypy) == bool(outcome.pyright), outcome


def test_only_examples_that_change_no_program_need_none() -> None:
    silent = [example for example in EXAMPLES if not example.programs]
    assert {example.expected for example in silent} == {Effect.DEPRECATED, Effect.INVISIBLE}
    assert not any(example.other_code for example in silent)


# -- the code behind invisible findings


def models(packages: Path, example: Example, which: SideName) -> str:
    if example not in TOGETHER:
        return ""
    module = packages / f"{which}_package" / "models" / f"{example.module}.py"
    return rules.tree(module.read_text(encoding="utf-8"))


INVISIBLE = tuple(example for example in EXAMPLES if example.expected is Effect.INVISIBLE)


@pytest.mark.parametrize("example", INVISIBLE, ids=ids)
def test_invisible_examples_generate_the_same_code(example: Example, packages: Path) -> None:
    old, new = ((models(packages, example, s), rules.client_code(example, s)) for s in SIDES)
    assert (old != new) is example.other_code
