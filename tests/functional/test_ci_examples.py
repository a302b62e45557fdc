"""The examples of `examples/ci` run as they stand, round after round, against a real git repository.

GitHub and GitLab are played here: their jobs and conditions by this module, `gh`, `curl` and `make` by
programs that note what they are asked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.support.csdl import SERVICE, document

PROJECT = Path(__file__).parents[2]

EXAMPLES = PROJECT / "examples" / "ci"

PINS = PROJECT.parent / "shared" / "actions.txt"

pytestmark = pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed here")

REPORT = "# Graph metadata\n\n`$(touch $WORLD/broken)` \"; touch $WORLD/broken; ' #12 @name {}\n"
"""A report with what would be a command, if any of it got into one."""

MAKE = """#!/usr/bin/env bash
echo "$*" >>"$WORLD/made"
case "$1" in
update)
  [ "$2" = 'METADATA=https://graph.microsoft.com/v1.0/$metadata' ] || exit 9
  if [ -e "$WORLD/refused" ]; then echo "error: refused" >&2; exit 2; fi
  sed "s/{}/$(cat "$WORLD/newest")/" "$WORLD/report" >"${3#REPORT=}"
  if [ -e "$WORLD/goldens fail" ]; then exit 2; fi
  cp "$WORLD/newest" metadata/communications.csdl.xml
  cp "$WORLD/newest" generated/new.py
  ;;
test)
  echo "leavings" >leavings.txt
  [ ! -e "$WORLD/tests fail" ]
  ;;
esac
"""

GH = '''#!{python}
"""Does what gh does, to pull requests and issues in a file; the token is what its job may do."""
import argparse, json, os, pathlib, subprocess, sys

kind, action, *rest = sys.argv[1:]
parser = argparse.ArgumentParser()
for option in ("--head", "--state", "--json", "--jq", "--title", "--body-file", "--app"):
    parser.add_argument(option)
for option in ("--draft", "--undo"):
    parser.add_argument(option, action="store_true")
parser.add_argument("number", nargs="?", type=int)
given = parser.parse_args(rest)

rights = json.loads(os.environ["GH_TOKEN"])
right = {{"pr": "pull-requests", "issue": "issues"}}[kind]
assert rights.get(right) == "write", (kind, action, rights)

file = pathlib.Path(os.environ["WORLD"], "github.json")
state = json.loads(file.read_text())
found = state[kind]
body = pathlib.Path(given.body_file).read_text() if given.body_file else None
one = next((one for one in found if one["number"] == given.number), None)
if action == "list":
    asked = [one for one in found if one["state"] == given.state.upper()]
    if kind == "pr":
        asked = [one for one in asked if one["head"] == given.head]
    shown = [{{name: one[name] for name in given.json.split(",")}} for one in asked]
    subprocess.run(["jq", "--raw-output", given.jq], input=json.dumps(shown), text=True, check=True)
elif action == "create":
    found.append({{"number": len(found) + 1, "state": "OPEN", "title": given.title, "body": body}})
    if kind == "pr":
        found[-1] |= {{"head": given.head, "draft": given.draft, "isCrossRepository": False}}
elif action == "edit":
    one["body"] = body
elif action == "comment":
    one.setdefault("comments", []).append(body)
elif action == "ready":
    one["draft"] = given.undo
else:
    raise SystemExit(f"gh does not know {{action}}")
file.write_text(json.dumps(state))
'''

CURL = '''#!{python}
"""Does what GitLab does, to merge requests in a file."""
import json, os, pathlib, sys
from urllib.parse import parse_qs, urlsplit

data, headers, method, url = {{}}, [], None, None
words = iter(sys.argv[1:])
for word in words:
    if word == "--header":
        headers.append(next(words))
    elif word == "--request":
        method = next(words)
    elif word == "--data-urlencode":
        name, mark, value = next(words).partition("=")
        if not mark:
            name, _, path = name.partition("@")
            value = pathlib.Path(path).read_text()
        data[name] = value
    elif not word.startswith("--"):
        url = urlsplit(word)
assert headers == ["PRIVATE-TOKEN: t0ken"], headers
assert url.path.startswith("/api/v4/projects/7/merge_requests"), url

file = pathlib.Path(os.environ["WORLD"], "gitlab.json")
found = json.loads(file.read_text())
if method == "PUT":
    one = found[int(url.path.rpartition("/")[2]) - 1]
    one |= data
elif data:
    projects = {{"source_project_id": 7, "target_project_id": 7}}
    found.append({{"iid": len(found) + 1, "state": "opened", **projects, **data}})
else:
    asked = {{name: values[0] for name, values in parse_qs(url.query).items()}}
    print(json.dumps([one for one in found if asked.items() <= one.items()]))
file.write_text(json.dumps(found))
'''


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A maintainer", "-c", "user.email=maintainer@example.org"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass
class World:
    """A fork of the project with its hosting; `state` says how the next round goes."""

    folder: Path
    rounds: int = 0

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def branches(self) -> set[str]:
        return set(git(self.origin, "branch", "--format=%(refname:short)").split())

    def file(self, name: str, text: str | None = None) -> str:
        path = self.folder / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def when(self, name: str, holds: bool = True) -> None:
        """Let the next rounds be refused, or fail."""
        path = self.folder / name
        if holds:
            path.touch()
        else:
            path.unlink()

    def publish(self, newest: str) -> None:
        """Let Graph publish newer metadata."""
        self.file("newest", newest)

    def clone(self, *, writable: bool = True) -> Path:
        self.rounds += 1
        work = self.folder / f"work-{self.rounds}"
        subprocess.run(["git", "clone", "--quiet", self.origin, work], check=True)
        if not writable:
            git(work, "remote", "set-url", "--push", "origin", "/nowhere")
        return work

    def merge(self, branch: str) -> None:
        """Merge a branch by squashing it, and leave it where it is."""
        work = self.clone()
        git(work, "merge", "--quiet", "--squash", f"origin/{branch}")
        git(work, "commit", "--quiet", "--message", "Merge")
        git(work, "push", "--quiet", "origin", "main")

    def work_on(self, branch: str) -> str:
        """Let a maintainer add a commit to a branch; returns it."""
        work = self.clone()
        git(work, "switch", "--quiet", branch)
        git(work, "commit", "--quiet", "--allow-empty", "--message", "Mend the tests")
        git(work, "push", "--quiet", "origin", branch)
        return git(work, "rev-parse", "HEAD")

    def changed(self, branch: str) -> dict[str, str]:
        """Return what a branch says of the files that it changes."""
        paths = git(self.origin, "diff", "--name-only", f"main...{branch}").split()
        return {path: git(self.origin, "show", f"{branch}:{path}") for path in paths}

    def bash(
        self, script: str, work: Path, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a script as the runners of both do, with no more than it needs of the environment."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=work,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "WORLD": str(self.folder),
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )


def updated(newest: str) -> dict[str, str]:
    return {"metadata/communications.csdl.xml": newest, "generated/new.py": newest}


def report(newest: str) -> str:
    return REPORT.replace("{}", newest)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    (tmp_path / "bin").mkdir()
    python = {"python": sys.executable}
    for name, text in {
        "make": MAKE,
        "gh": GH.format(**python),
        "curl": CURL.format(**python),
    }.items():
        program = tmp_path / "bin" / name
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    made.file("report", REPORT)
    made.file("github.json", '{"pr": [], "issue": []}')
    made.file("gitlab.json", "[]")
    made.publish("first")

    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    start = tmp_path / "start"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "start")
    for path in ("metadata/communications.csdl.xml", "generated/old.py", "docs/api.md"):
        (start / path).parent.mkdir(exist_ok=True)
        (start / path).write_text("old", encoding="utf-8")
    git(start, "add", "--all")
    git(start, "commit", "--quiet", "--message", "Begin")
    git(start, "push", "--quiet", str(made.origin), "main")
    return made


# -- GitHub


WORKFLOW: Mapping[str, Any] = yaml.safe_load((EXAMPLES / "graph-metadata.yml").read_text())


@dataclass
class Run:
    """One run of a workflow: the results of its jobs, what they leave, and what they printed."""

    world: World
    known: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    printed: str = ""

    def render(self, text: object) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.known.get(found[1], ""), str(text))

    def holds(self, condition: str, failed: bool) -> bool:
        """Whether a condition holds: a comparison does only if nothing failed before."""
        if condition in ("always()", "failure()", "success()"):
            return condition == "always()" or (condition == "failure()") == failed
        name, _, value = condition.partition(" == ")
        return not failed and self.known.get(name, "") == value.strip("'")

    def job(self, name: str, job: Mapping[str, Any]) -> None:
        needed = job.get("needs")
        failed = needed is not None and self.results[needed] == "failure"
        if not self.holds(job.get("if", "success()"), failed):
            self.results[name] = "skipped"
            return
        temp = self.world.folder / f"temp-{self.world.rounds}-{name}"
        temp.mkdir()
        self.known |= {
            "runner.temp": str(temp),
            "github.token": json.dumps(job["permissions"]),
            "github.repository": "owner/fork",
            "github.server_url": "https://github.example",
            "github.run_id": "42",
        }
        env = {key: self.render(value) for key, value in job.get("env", {}).items()}
        env |= {"RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(temp / "output")}
        failed, work = False, temp
        for step in job["steps"]:
            if not self.holds(step.get("if", "success()"), failed):
                continue
            if "checkout" in step.get("uses", ""):
                writes = job["permissions"]["contents"] == "write"
                kept = step.get("with", {}).get("persist-credentials", True)
                work = self.world.clone(writable=writes and kept)
                done = True
            elif "uses" in step:
                done = self.use(step["uses"], step["with"])
            else:
                done = self.step(step["run"], work, env)
            if "id" in step:
                self.known[f"steps.{step['id']}.outcome"] = "success" if done else "failure"
                self.read_outputs(step["id"], temp / "output")
            failed = failed or not (done or step.get("continue-on-error"))
        self.results[name] = "failure" if failed else "success"
        for key, value in job.get("outputs", {}).items():
            self.known[f"needs.{name}.outputs.{key}"] = self.render(value)

    def use(self, action: str, given: Mapping[str, str]) -> bool:
        if "setup-python" in action:
            return True
        name, path = given["name"], Path(self.render(given["path"]))
        if "upload" in action:
            if any(path.iterdir()):  # as it is without any file
                self.artifacts[name] = path
            return True
        assert "download-artifact" in action
        if name in self.artifacts:
            shutil.copytree(self.artifacts[name], path)
        return name in self.artifacts

    def step(self, script: str, work: Path, env: Mapping[str, str]) -> bool:
        done = self.world.bash(script, work, env)
        self.printed += done.stdout + done.stderr
        return done.returncode == 0

    def read_outputs(self, step: str, file: Path) -> None:
        for line in file.read_text().splitlines() if file.exists() else ():
            key, _, value = line.partition("=")
            self.known[f"steps.{step}.outputs.{key}"] = value


def github(world: World) -> Run:
    """Run the workflow once."""
    run = Run(world)
    for name, job in WORKFLOW["jobs"].items():
        run.job(name, job)
    assert not (world.folder / "broken").exists()
    return run


def pulls(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(world.file("github.json"))["pr"]
    return found


def issues(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(world.file("github.json"))["issue"]
    return found


def set_pull(world: World, **values: object) -> None:
    state = json.loads(world.file("github.json"))
    state["pr"][-1] |= values
    world.file("github.json", json.dumps(state))


BRANCH = "graph-metadata"


def test_the_first_update_opens_a_pull_request(world: World) -> None:
    run = github(world)
    assert run.results == {"update": "success", "propose": "success", "refused": "skipped"}
    (pull,) = pulls(world)
    assert (pull["head"], pull["draft"]) == (BRANCH, False)
    assert pull["body"] == report("first")
    assert world.changed(BRANCH) == updated("first")
    assert world.changed("main") == {}


def test_the_second_update_renews_the_pull_request_that_is_open(world: World) -> None:
    github(world)
    world.publish("second")
    run = github(world)
    assert run.results["propose"] == "success", run.printed
    (pull,) = pulls(world)
    assert (pull["body"], pull["draft"]) == (report("second"), False)
    assert world.changed(BRANCH) == updated("second")


def test_after_a_merge_there_is_a_new_pull_request(world: World) -> None:
    github(world)
    world.merge(BRANCH)
    set_pull(world, state="MERGED")
    assert BRANCH in world.branches
    run = github(world)
    assert (run.results["propose"], len(pulls(world))) == ("skipped", 1)  # nothing is new

    world.publish("second")
    run = github(world)
    assert run.results["propose"] == "success", run.printed
    merged, opened = pulls(world)
    assert (merged["body"], merged["state"]) == (report("first"), "MERGED")
    assert (opened["body"], opened["state"]) == (report("second"), "OPEN")
    assert world.changed(BRANCH) == updated("second")


def test_an_update_whose_tests_fail_is_a_draft_as_long_as_they_do(world: World) -> None:
    world.when("tests fail")
    assert github(world).results["propose"] == "success"
    assert [pull["draft"] for pull in pulls(world)] == [True]
    world.when("tests fail", holds=False)
    github(world)
    assert [pull["draft"] for pull in pulls(world)] == [False]
    world.when("tests fail")
    github(world)
    assert [pull["draft"] for pull in pulls(world)] == [True]


@pytest.mark.parametrize(("why", "text"), [("refused", ""), ("goldens fail", report("first"))])
def test_an_update_that_is_refused_is_an_issue(world: World, why: str, text: str) -> None:
    world.when(why)
    for times in range(3):
        run = github(world)
        assert run.results == {"update": "failure", "propose": "skipped", "refused": "success"}
        (issue,) = issues(world)
        bodies = [issue["body"], *issue.get("comments", [])]
        assert len(bodies) == times + 1
        assert "https://github.example/owner/fork/actions/runs/42" in bodies[-1]
        assert bodies[-1].endswith(f"\n\n{text}")
    assert (pulls(world), world.branches) == ([], {"main"})


def test_what_somebody_has_worked_on_stays(world: World) -> None:
    github(world)
    mended = world.work_on(BRANCH)
    world.publish("second")
    run = github(world)
    assert run.results["propose"] == "success"
    assert "Somebody has worked on pull request 1" in run.printed
    assert git(world.origin, "rev-parse", BRANCH) == mended
    assert [pull["body"] for pull in pulls(world)] == [report("first")]


def test_a_pull_request_of_a_fork_is_not_ours(world: World) -> None:
    github(world)
    set_pull(world, isCrossRepository=True)
    world.publish("second")
    github(world)
    assert [pull["body"] for pull in pulls(world)] == [report("first"), report("second")]


def test_a_change_elsewhere_is_not_proposed(world: World) -> None:
    """As if what the metadata leads to had taken over its job: it hands on nothing but a patch."""
    run = Run(world)
    run.job("update", WORKFLOW["jobs"]["update"])
    work = world.clone()
    (work / "Makefile").write_text("update:\n\tsteal\n", encoding="utf-8")
    git(work, "add", "--all")
    (run.artifacts["round"] / "change.patch").write_text(git(work, "diff", "--cached") + "\n")
    run.job("propose", WORKFLOW["jobs"]["propose"])
    assert run.results["propose"] == "failure"
    assert "in more than what an update writes" in run.printed
    assert (pulls(world), world.branches) == ([], {"main"})


def test_a_release_is_built_where_nothing_can_be_written() -> None:
    content = yaml.safe_load((EXAMPLES / "release.yml").read_text())
    assert content["permissions"] == {}
    needed, rights = None, {}
    for name, job in content["jobs"].items():
        assert job.get("needs") == needed
        needed, rights[name] = name, job["permissions"]
        runs = "\n".join(step.get("run", "") for step in job["steps"])
        assert ("make" in runs) == (name == "build")
    assert rights == {
        "build": {"contents": "read"},
        "attest": {"attestations": "write", "id-token": "write"},
        "publish": {"id-token": "write"},
        "release": {"contents": "write"},
    }


def test_the_job_that_reads_metadata_can_write_nothing() -> None:
    jobs = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {}
    assert jobs["update"]["permissions"] == {"contents": "read"}
    assert "env" not in WORKFLOW
    assert "env" not in jobs["update"]
    assert jobs["update"]["steps"][0]["with"] == {"persist-credentials": False}
    for name, job in jobs.items():
        writes = "write" in job["permissions"].values()
        assert writes == (name != "update")
        runs = "\n".join(step.get("run", "") for step in job["steps"])
        assert not (writes and re.search(r"\b(make|python|pip)\b", runs))


# -- GitLab


def gitlab(world: World) -> str:
    """Run the pipeline once; returns what it printed."""
    pipeline = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())
    work, printed = world.clone(), ""
    address = "https://graph-metadata:t0ken@gitlab.example/group/fork.git"
    for name in pipeline["stages"]:
        job = pipeline[name]
        env = {
            "CI_API_V4_URL": "https://gitlab.example/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_PROJECT_PATH": "group/fork",
            "CI_SERVER_HOST": "gitlab.example",
            "CI_DEFAULT_BRANCH": "main",
        }
        if "environment" in job:
            env |= {"GRAPH_METADATA_TOKEN": "t0ken", "GIT_CONFIG_COUNT": "1"}
            env |= {
                "GIT_CONFIG_KEY_0": f"url.{world.origin}.insteadOf",
                "GIT_CONFIG_VALUE_0": address,
            }
        done = world.bash("\n".join(job["script"]), work, env)
        printed += done.stdout + done.stderr
        if done.returncode:
            return f"{name} failed\n{printed}"
        # Each job has a checkout of its own, with the artifacts of the last.
        after = world.clone(writable=False)
        shutil.copytree(work / "round", after / "round")
        work = after
    assert not (world.folder / "broken").exists()
    return printed


def merges(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(world.file("gitlab.json"))
    return found


def test_rounds_at_gitlab(world: World) -> None:
    world.when("tests fail")
    gitlab(world)
    (first,) = merges(world)
    assert (first["title"], first["description"]) == ("Draft: Graph's metadata", report("first"))
    assert (first["source_branch"], first["target_branch"]) == (BRANCH, "main")
    assert world.changed(BRANCH) == updated("first")

    world.when("tests fail", holds=False)
    world.publish("second")
    gitlab(world)
    (first,) = merges(world)
    assert (first["title"], first["description"]) == ("Graph's metadata", report("second"))

    mended = world.work_on(BRANCH)
    assert "Somebody has worked on merge request 1" in gitlab(world)
    assert git(world.origin, "rev-parse", BRANCH) == mended

    world.merge(BRANCH)
    world.file("gitlab.json", json.dumps([{**first, "state": "merged"}]))
    gitlab(world)
    assert len(merges(world)) == 1  # nothing is new
    world.publish("third")
    gitlab(world)
    assert [one["description"] for one in merges(world)] == [report("second"), report("third")]
    assert world.changed(BRANCH) == updated("third")

    world.when("refused")
    assert gitlab(world).startswith("update failed\n")
    assert len(merges(world)) == 2


# -- cron


def test_rounds_by_cron(world: World) -> None:
    clone = world.clone()
    git(clone, "config", "user.name", "Cron")
    git(clone, "config", "user.email", "cron@example.org")
    script = f"{EXAMPLES / 'graph-metadata.sh'} {clone}"

    def printed(code: int = 0) -> str:
        done = world.bash(script, world.folder, {})
        assert done.returncode == code, done.stdout + done.stderr
        assert not (world.folder / "broken").exists()
        return done.stdout

    first = printed()
    (branch,) = world.branches - {"main"}
    assert re.fullmatch(r"graph-metadata-\d{4}-\d\d-\d\d", branch)
    assert first == f"The tests pass. Pushed as {branch}:\n\n{report('first')}"
    assert world.changed(branch) == updated("first")

    world.publish("second")
    world.when("tests fail")
    assert printed().startswith(f"THE TESTS FAIL. Pushed as {branch} all the same:\n")
    assert world.changed(branch) == updated("second")

    world.merge(branch)
    assert printed() == ""

    world.when("refused")
    assert printed(1) == "The metadata cannot be taken:\nerror: refused\n"
    assert world.branches == {"main", branch}


# -- the action


@pytest.mark.parametrize(
    ("newer", "application", "verdict", "known"),
    [
        (SERVICE.replace("clientContext", "context"), "", "breaking", True),
        (SERVICE.replace("clientContext", "context"), "client.calls.mute('1')", "breaking", True),
        (SERVICE.replace("clientContext", "context"), "client.calls.get('1')", "none", True),
        (
            SERVICE.replace("<EntityContainer", '<ComplexType Name="a"/><EntityContainer'),
            "",
            "additive",
            True,
        ),
        (SERVICE, "", "none", True),
        (SERVICE, "", "none", False),
    ],
)
def test_the_action_says_what_a_document_changes(
    world: World, newer: str, application: str, verdict: str, known: bool
) -> None:
    action = yaml.safe_load((EXAMPLES / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    work = world.clone()
    file = work / "metadata" / "graph $(x).csdl.xml"
    file.write_bytes(document(SERVICE))
    if known:
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Before")
    base = git(work, "rev-parse", "HEAD")
    file.write_bytes(document(newer))

    run = Run(world, known={f"inputs.{key}": "" for key in action["inputs"]})
    run.known |= {"inputs.document": f"metadata/{file.name}", "inputs.base": base}
    run.known["inputs.roots"] = "all\n"
    if application:
        (work / "an app").mkdir()
        (work / "an app" / "main.py").write_text(application)
        run.known["inputs.used-by"] = "an app\n"
    env = {key: run.render(value) for key, value in step["env"].items()}
    temp = world.folder / "temp"
    temp.mkdir()
    env |= {"RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(temp / "output")}
    env |= {"GITHUB_STEP_SUMMARY": str(temp / "summary")}
    (world.folder / "bin" / "graph-codegen").symlink_to(
        Path(sys.executable).with_name("graph-codegen")
    )
    assert run.step(step["run"], work, env), run.printed
    run.read_outputs(step["id"], temp / "output")
    outputs = {key: run.render(one["value"]) for key, one in action["outputs"].items()}
    assert outputs["verdict"] == verdict
    if not known:
        assert "nothing to compare it with" in Path(outputs["report"]).read_text(encoding="utf-8")
        return
    text = Path(outputs["report"]).read_text(encoding="utf-8")
    assert text == (temp / "summary").read_text(encoding="utf-8")
    assert "csdl.xml" in text
    at = r"an app/main\.py" if application else r"metadata/graph \$\(x\)\.csdl\.xml"
    found = re.findall(rf"^::(error|notice) file={at},line=\d+,title=", run.printed, re.MULTILINE)
    assert found == {"breaking": ["error"], "additive": ["notice"], "none": []}[verdict]


# -- all of them


FILES = sorted(EXAMPLES.iterdir())


def test_actions_are_pinned_by_hash_with_their_version() -> None:
    used = {
        (name, commit, version)
        for file in FILES
        for name, commit, version in re.findall(r"uses: (\S+)@(\S+)(.*)", file.read_text())
    }
    assert len({name for name, _, _ in used}) == len(used) > 3
    for name, commit, version in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+", name)
        assert re.fullmatch("[0-9a-f]{40}", commit)
        assert re.match(r" # v\d+\.\d+\.\d+\b", version)
    if PINS.exists():
        known = PINS.read_text()
        for name, commit, version in used:
            assert f"{name} {commit} {version.split()[1].strip(';')}\n" in known


@pytest.mark.parametrize("file", [f for f in FILES if f.suffix == ".yml"], ids=lambda f: f.name)
def test_no_expression_gets_into_a_script(file: Path) -> None:
    content = yaml.safe_load(file.read_text())
    jobs = [content["runs"]] if "runs" in content else content.get("jobs", {}).values()
    for job in jobs:
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
