"""`docs/updates.md` and the files that it shows name only what there is, and work as they stand."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from graph_codegen import __version__
from graph_codegen.diff.verdict.ignore import load_ignore_file
from graph_codegen.diff.verdict.levels import with_levels
from graph_codegen.facts.settings import load
from tests.support.csdl import graph_codegen
from tests.support.published import NEWEST, OLDER, published

PROJECT = Path(__file__).parents[3]

PAGE = (PROJECT / "docs" / "updates.md").read_text(encoding="utf-8")
CI = PROJECT / "examples" / "ci"
WORKFLOW = (CI / "graph-metadata.yml").read_text(encoding="utf-8")
ACTION = yaml.safe_load((CI / "action.yml").read_text(encoding="utf-8"))
CONFIG = (CI / "pre-commit-config.yaml").read_text(encoding="utf-8")
HOOKS = (PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def steps() -> list[Mapping[str, Any]]:
    """The steps of the workflow, and of the action."""
    jobs = [*yaml.safe_load(WORKFLOW)["jobs"].values(), ACTION["runs"]]
    return [step for job in jobs for step in job["steps"]]


def scripts() -> Iterator[str]:
    """Everything on the page and in the workflow that a shell runs, or that reads as if it did."""
    yield from blocks("sh")
    yield from (str(step["run"]) for step in steps() if "run" in step)
    yield (CI / "graph-metadata.sh").read_text(encoding="utf-8")
    yield "\n".join(yaml.safe_load((CI / "gitlab-ci.yml").read_text())["update"]["script"])
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`((?:make|graph-codegen) [^`]+)`", prose)
    for hook in hooks():
        yield " ".join((hook["entry"], *hook.get("args", ())))


def hooks() -> list[dict[str, Any]]:
    """The hooks, local and our own; ours with the arguments of the page."""
    (local,) = yaml.safe_load(CONFIG)["repos"]
    (own,) = yaml.safe_load(HOOKS)
    (shown,) = (repo for text in blocks("yaml") for repo in repositories(text) if "rev" in repo)
    (used,) = shown["hooks"]
    assert used["id"] == own["id"]
    return [*local["hooks"], {**own, **used}]


def repositories(text: str) -> list[dict[str, Any]]:
    content = yaml.safe_load(text)
    found = content if isinstance(content, list) else content.get("repos", [])
    return [each for each in found if "repo" in each]


def calls(program: str) -> list[list[str]]:
    """The arguments of each call of a program."""
    lines = (
        line.strip().removeprefix("if ! ").partition(" >")[0]
        for text in scripts()
        for line in text.splitlines()
    )
    found = (shlex.split(line.replace("…", "")) for line in lines if line.startswith(f"{program} "))
    return [arguments for _, *arguments in found]


# -- the files


def test_the_page_quotes_the_configuration_of_pre_commit_verbatim() -> None:
    assert CONFIG in blocks("yaml")


def test_the_page_links_to_every_file() -> None:
    for path in CI.iterdir():
        assert f"](../examples/ci/{path.name})" in PAGE


def test_the_page_uses_the_action_as_it_is() -> None:
    (used,) = (text for text in blocks("yaml") if "uses: ./" in text)
    step, verdict = yaml.safe_load(used)
    assert step["with"].keys() <= ACTION["inputs"].keys()
    assert re.findall(r"outputs\.(\w+)", verdict["if"]) == ["verdict"]
    assert {*re.findall(r"`(report|verdict)`, the", PAGE)} == {*ACTION["outputs"]}


def test_the_workflow_is_one_that_github_runs() -> None:
    content = yaml.safe_load(WORKFLOW)
    # YAML 1.1 reads the key `on` as a truth value; GitHub does not.
    (trigger,) = (content[key] for key in content if key in ("on", True))
    assert trigger.keys() == {"schedule", "workflow_dispatch"}
    (schedule,) = trigger["schedule"]
    assert re.fullmatch(r"([0-9]+|\*)( ([0-9]+|\*)){4}", schedule["cron"])
    for step in steps():
        assert ("uses" in step) != ("run" in step)
    (setup,) = (step["with"] for step in steps() if "setup-python" in step.get("uses", ""))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    least = project["requires-python"].removeprefix(">=")
    assert isinstance(setup["python-version"], str)  # 3.10 as a number would be 3.1
    assert tuple(map(int, setup["python-version"].split("."))) >= tuple(map(int, least.split(".")))


def test_the_workflow_gives_the_address_to_make_untouched_by_the_shell() -> None:
    updates = [words for words in calls("make") if words[0] == "update"]
    address = "METADATA=https://graph.microsoft.com/v1.0/$metadata"
    assert sum(address in words for words in updates) == 4  # the page, GitHub, GitLab, cron


def test_the_hooks_are_hooks() -> None:
    for hook in hooks():
        assert {"id", "name", "entry", "language", "pass_filenames"} <= hook.keys()
        assert hook["pass_filenames"] is False
        assert "--check" in hook["entry"]
    local, own = hooks()
    assert local["id"] == own["id"]
    assert local["name"] == own["name"]


def test_the_local_hook_watches_the_folder_that_it_checks() -> None:
    settings = tomllib.loads(
        (PROJECT / "metadata" / "graph-codegen.toml").read_text(encoding="utf-8")
    )
    hook, _ = hooks()
    (folder,) = (word for word in hook["entry"].split()[2:] if not word.startswith("-"))
    package = f"{folder}/{settings['package']}"
    assert re.search(hook["files"], f"{package}/client.py")
    assert not re.search(hook["files"], f"{folder}/other/client.py")


def test_the_package_and_the_project_have_an_entry_for_their_version() -> None:
    settings = tomllib.loads(
        (PROJECT / "metadata" / "graph-codegen.toml").read_text(encoding="utf-8")
    )
    for file, version in (
        ("generated/CHANGELOG.md", settings["version"]),
        ("CHANGELOG.md", __version__),
    ):
        text = (PROJECT / file).read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE)[:1] == [version], file


# -- what they call


def options(command: str) -> set[str]:
    result = graph_codegen(command, "--help")
    assert result.returncode == 0, f"there is no command {command}"
    listed = re.findall(r"^  (-[^ ,]+(?:, -[^ ,]+)*)", result.stdout, re.MULTILINE)
    return {option for options in listed for option in options.split(", ")}


def test_every_command_and_option_is_there() -> None:
    found = calls("graph-codegen")
    assert {arguments[0] for arguments in found} == {"diff", "vendor", "clouds", "update"}
    for command, *arguments in found:
        used = {word for word in arguments if word.startswith("-")} - {"--"}
        assert used <= options(command), (command, arguments)


def test_every_option_of_the_page_is_one_of_diff() -> None:
    prose = re.findall(r"(?<=`)--[a-z-]+", PAGE)
    assert {"--root", "--format", "--code", "--fail-on", "--ignore"} <= set(prose)
    assert set(prose) <= options("diff")


def test_every_option_of_diff_is_on_the_page() -> None:
    general = {"--config", "--reference", "--strict", "--help", "-h"}
    assert options("diff") - general <= set(re.findall(r"--[a-z-]+", PAGE))


def choices(option: str) -> list[str]:
    (found,) = re.findall(rf"{option} \[([^\]]+)\]", graph_codegen("diff", "--help").stdout)
    return re.split(r"\s*\|\s*", str(found))


def test_every_format_is_on_the_page_and_every_one_there_exists() -> None:
    table = re.findall(r"^\| `(\w+)` \| .+ \|$", PAGE, re.MULTILINE)
    assert table == choices("--format")
    (default,) = re.findall(r"^\| `(\w+)` \| [^|]*the default \|$", PAGE, re.MULTILINE)
    assert f"[default: {default}]" in graph_codegen("diff", "--help").stdout


def test_every_level_to_fail_on_is_on_the_page() -> None:
    grave, policy = re.findall(r"`--fail-on (\w+)`", PAGE)
    (others,) = re.findall(r"finding; (.+) are stricter", PAGE)
    assert [grave, *re.findall(r"`(\w+)`", others), policy] == choices("--fail-on")


def targets() -> dict[str, str]:
    """The targets of the Makefile that it lists, with their recipes."""
    found = re.findall(r"^([a-z-]+):.*## .*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE)
    return dict(found)


def test_every_target_and_variable_of_make_is_there() -> None:
    found = calls("make")
    assert {arguments[0] for arguments in found} == {"diff", "update", "test", "dist"}
    for target, *settings in found:
        for setting in settings:
            name = setting.partition("=")[0]
            assert re.search(rf"\$\((value )?{name}\)", targets()[target]), setting


def test_every_variable_of_the_targets_is_on_the_page() -> None:
    for target in ("diff", "update"):
        names = set(re.findall(r"\$\((?:value )?([A-Z]+)\)", targets()[target])) - {"BIN"}
        assert names
        assert all(re.search(rf"[ `]{name}=", PAGE) for name in names)


# -- the ignore file, the links, the example


def test_the_levels_of_the_page_are_those_of_a_configuration(tmp_path: Path) -> None:
    _, text = blocks("toml")
    path = tmp_path / "graph-codegen.toml"
    path.write_text(text, encoding="utf-8")
    levels = load(path).levels
    assert levels
    assert with_levels((), levels) == ()


def test_the_ignore_file_of_the_page_is_one(tmp_path: Path) -> None:
    text, _ = blocks("toml")
    path = tmp_path / "ignore.toml"
    path.write_text(text, encoding="utf-8")
    (entry,) = load_ignore_file(path)
    assert (entry.rule, entry.element) == ("property-removed", "microsoft.graph.call/subject")
    assert (entry.reason, entry.expires) == ("we never set a subject", date(2027, 6, 30))


LINKS = re.findall(r"\]\(([^)]+)\)", PAGE)


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_every_link_leads_somewhere(link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (PROJECT / "docs" / path).resolve()
    assert target.is_file()
    assert target.is_relative_to(PROJECT)
    assert not anchor


def test_every_path_of_the_page_is_there() -> None:
    paths = set(re.findall(r"`((?:metadata|generated|docs|tests)/[\w./-]+)`", PAGE))
    assert paths == {"metadata/graph-codegen.toml", "generated/CHANGELOG.md"}
    assert all((PROJECT / path).exists() for path in paths)


def test_the_page_links_to_the_schema_of_the_json_report() -> None:
    (link,) = (link for link in LINKS if link.endswith(".json"))
    schema = json.loads((PROJECT / "docs" / link).read_text(encoding="utf-8"))
    assert schema["title"] == "What graph-codegen diff --format json writes"


def test_the_report_of_the_page_is_what_the_command_says() -> None:
    call = next(arguments for arguments in calls("graph-codegen") if arguments[0] == "diff")
    assert call[1:] == [published(name).name for name in (OLDER, NEWEST)]
    (shown,) = blocks("text")
    result = graph_codegen(*call, cwd=published(NEWEST).parent)
    assert result.returncode == 0, result.stderr
    assert shown.endswith("\n  …\n")
    assert result.stdout.startswith(shown.removesuffix("  …\n"))
