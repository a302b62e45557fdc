"""Asks mypy for the types of expressions: by `reveal_type`, its documented way to tell one.

Each expression is put into `reveal_type(…)`, in a copy that mypy reads in the place of the file
(`--shadow-file`): mypy is run as any user runs it, in whichever version, and nothing of its inside is
imported. The application is read, and none of it is run: mypy gets a configuration of our own, since that of
the application may name plugins, which are code; it runs in a folder of ours, without the variables that lead
Python or mypy elsewhere.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from graph_codegen.errors import error
from graph_codegen.reading import read_bytes
from graph_codegen.text import shorten
from graph_codegen.usage.files import File
from graph_codegen.usage.scopes import called_name, last_name

SECONDS = 600
"""Seconds that mypy may take."""

BYTES = 256 * 2**20
"""Bytes of what it says that are read."""

Position = tuple[str, int, int, int]
"""Where an expression is: the file, the line, and in that the bytes at which it begins and ends."""

Answers = Mapping[Position, frozenset[str]]
"""The types that expressions have, as mypy spells them."""

_CONFIGURATION = "[mypy]\n"

_OPTIONS = (
    *(
        "--no-incremental",
        "--cache-dir",
        os.devnull,
        "--check-untyped-defs",
        "--follow-imports",
        "silent",
    ),
    *(
        "--ignore-missing-imports",
        "--no-error-summary",
        "--hide-error-context",
        "--no-color-output",
    ),
    "--no-pretty",
)

_REVEALED = re.compile(r'Revealed type is "[Tt]uple\[(.*), Literal\[([0-9]{1,9})\]\?\]"')

_MAKING_TYPES = frozenset({"cast", "NewType", "ParamSpec", "TypeVar", "TypeVarTuple"})


def position(file: str, node: ast.expr) -> Position:
    """Return where an expression is, if it is on one line."""
    return file, node.lineno, node.col_offset, node.end_col_offset or 0


def find_mypy() -> Sequence[str]:
    """Return the command that runs mypy: that of the environment on PATH, else of graph-codegen's own.

    Raises CodegenError if neither has it.
    """
    # One of the folder that happens to be the working folder would be of whoever wrote that.
    folders = filter(os.path.isabs, os.environ.get("PATH", "").split(os.pathsep))
    if found := shutil.which("mypy", path=os.pathsep.join(folders)):
        return (found,)
    if importlib.util.find_spec("mypy"):
        return (sys.executable, "-I", "-m", "mypy")
    hint = "install it where the application's packages are, or beside graph-codegen"
    raise error(f"is not installed: {hint}", "mypy")


def ask_mypy(files: Iterable[File], asked: Mapping[str, Sequence[ast.expr]]) -> Answers:
    """Return the types of expressions, those of each file by its name.

    An expression that mypy says nothing about, such as one in code that is never reached, has no answer.
    Raises CodegenError if mypy is not installed, refuses the application, or takes too long.
    """
    command = find_mypy()
    with TemporaryDirectory(prefix="graph-codegen-") as folder:
        numbered: list[Position] = []
        shadows: list[str] = []
        names: list[str] = []
        for number, file in enumerate(files):
            real = str(Path(file.file).absolute())
            if file.tree is None or not _is_one_line(real):
                continue
            names.append(real)
            copy, nodes = reveal(file, asked.get(file.file, ()), len(numbered))
            if nodes:
                shadow = Path(folder, f"{number}.py")
                shadow.write_bytes(copy)
                shadows += ["--shadow-file", real, str(shadow)]
            numbered += [position(file.file, node) for node in nodes]
        if not names:  # mypy refuses to be asked about nothing
            return {}
        answers: dict[Position, frozenset[str]] = {}
        for told, number in _run(command, [*shadows, *names], Path(folder)):
            if number < len(numbered):
                at = numbered[number]
                answers[at] = answers.get(at, frozenset()) | {told}
        return answers


def _is_one_line(path: str) -> bool:
    """Whether a path can stand in a file of arguments, of which each line is one."""
    return path.isprintable() and len(path.splitlines()) == 1


def _run(
    command: Sequence[str], arguments: Sequence[str], folder: Path
) -> Iterator[tuple[str, int]]:
    """Yield what mypy reveals: types and the numbers of the expressions that have them."""
    (folder / "mypy.ini").write_text(_CONFIGURATION, "utf-8")
    output = folder / "output"
    given = folder / "arguments"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PYTHON", "MYPY"))
    }
    environment["MYPYPATH"] = str(Path.cwd())
    problem = ""
    # A folder without `__init__.py` is a package only if mypy is told where packages begin.
    for more in ((), ("--explicit-package-bases",)):
        given.write_text("\n".join([*_OPTIONS, *more, *arguments]), "utf-8")
        try:
            with output.open("wb") as out:
                done = subprocess.run(
                    [*command, "--config-file", str(folder / "mypy.ini"), f"@{given}"],
                    cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                    stderr=subprocess.STDOUT, timeout=SECONDS, check=False,
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise error(f"takes more than {SECONDS} seconds", "mypy") from None
        except OSError as failed:
            raise error(f"cannot be run: {failed.strerror}", "mypy") from None
        said = read_bytes(output, BYTES + 1)
        if len(said) > BYTES:
            raise error(f"says more than {BYTES // 2**20} MiB", "mypy")
        lines = said.decode(errors="replace").splitlines()
        if done.returncode in (0, 1):
            yield from (
                (found[1], int(found[2])) for found in map(_REVEALED.search, lines) if found
            )
            return
        problem = problem or next(
            filter(str.strip, reversed(lines)), f"exit code {done.returncode}"
        )
    raise error(f"refuses the application: {shorten(problem)}", "mypy")


# -- the copy


def reveal(file: File, asked: Iterable[ast.expr], first: int) -> tuple[bytes, Sequence[ast.expr]]:
    """Return a file in which expressions are revealed, and those, the first of which has a number.

    mypy says the same of a line once only, so each expression is revealed with its number. What is a type, or
    on more lines than one, is left as it is. A line keeps its number.
    """
    text = file.text
    if file.tree is None or "\ufffd" in text or "\r" in text.replace("\r\n", ""):
        return text.encode(), ()
    left = _types_of(file.tree)
    assigned = _assigned(file.tree)
    lines = text.encode().split(b"\n")
    found: list[ast.expr] = []
    # By line: where, which of those that are there comes first, and what is put in.
    put: dict[int, list[tuple[int, int, int, bytes]]] = {}
    for node in asked:
        end = node.end_col_offset or 0
        if id(node) in left or not _stands(lines, node):
            continue
        begun, done = b"reveal_type(((", b"), %d))" % (first + len(found))
        if statement := assigned.get(id(node)):
            if statement.end_lineno != node.lineno:
                continue
            name = lines[node.lineno - 1][node.col_offset : end]
            at = statement.end_col_offset or 0
            put.setdefault(node.lineno, []).append((at, 2, 0, b";" + begun + name + done))
        else:
            # What begins at one place is outermost first; what ends at one, innermost first.
            put.setdefault(node.lineno, []).append((node.col_offset, 1, -end, begun))
            put[node.lineno].append((end, 0, -node.col_offset, done + b"[0]"))
        found.append(node)
    for number, parts in put.items():
        line, done_to, new = lines[number - 1], 0, b""
        for at, _, _, part in sorted(parts):
            new += line[done_to:at] + part
            done_to = at
        lines[number - 1] = new + line[done_to:]
    return b"\n".join(lines), found


def _stands(lines: Sequence[bytes], node: ast.expr) -> bool:
    """Whether an expression is where the tree says, in one line; in an f-string it may be elsewhere."""
    if node.end_lineno != node.lineno or node.lineno > len(lines):
        return False
    try:
        text = lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
        found = ast.parse(f"({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return ast.dump(found) == ast.dump(node).replace("Store()", "Load()")


def _assigned(tree: ast.Module) -> Mapping[int, ast.stmt]:
    """Return what has attributes that a statement assigns, with it: mypy wants such a name itself."""
    found: dict[int, ast.stmt] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign():
                targets: list[ast.expr] = node.targets
            case ast.AnnAssign() | ast.AugAssign():
                targets = [node.target]
            case _:
                continue
        for target in targets:
            for each in ast.walk(target):
                if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
                    found[id(each.value)] = node
    return found


def _types_of(tree: ast.Module) -> frozenset[int]:
    """Return what of a tree is, or may be, types or patterns, where a call is not allowed."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        match node:
            case ast.arg():
                parts = [node.annotation]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                parts = [node.returns]
                parts += [each for each in node.decorator_list if not isinstance(each, ast.Call)]
            case ast.ClassDef():
                parts = [*node.bases, *node.keywords, *node.decorator_list]
            case ast.AnnAssign():
                parts = [node.annotation]
                named = node.annotation
                if isinstance(named, ast.Name | ast.Attribute) and last_name(named) == "TypeAlias":
                    parts.append(node.value)
            case ast.match_case():
                parts = [node.pattern]
            case ast.Assign(targets=[ast.Name()]) if _may_be_type(node.value):
                parts = [node.value]
            case ast.Call() if called_name(node) in _MAKING_TYPES:
                parts = [*node.args, *node.keywords]
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                found.add(id(node.value))
            case _ if type(node).__name__ in ("TypeAlias", "TypeVar"):
                parts = [*ast.iter_child_nodes(node)]
            case _:
                pass
        found.update(id(inner) for part in parts if part for inner in ast.walk(part))
    return frozenset(found)


def _may_be_type(value: ast.expr) -> bool:
    """Whether a value may be an alias of a type: `lib.Name`, `lib.Name[int] | None`."""
    kinds = (
        *(ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.List, ast.expr_context),
        *(ast.BinOp, ast.BitOr),
    )  # fmt: skip
    return not isinstance(value, ast.Name | ast.Constant) and all(
        isinstance(node, kinds) for node in ast.walk(value)
    )


# -- what is revealed


_GENERIC = frozenset(dir(builtins)) | sys.stdlib_module_names

_CLASS = re.compile(r"(?:type\[)?([^\W\d][\w.]*)(\[.*\])?\]?\??", re.DOTALL)


def class_names(told: str) -> frozenset[str]:
    """Return the classes that a type as mypy spells it may be of, `Any` where that is not certain."""
    if told.startswith("Union[") and told.endswith("]"):
        parts = _split(told[len("Union[") : -1], ", ")
    else:
        parts = _split(told, " | ")
    return frozenset(map(_class_name, (part for part in parts if part != "None")))


def _class_name(told: str) -> str:
    """Return the class of a type that is no union; others than built-in ones may stand for what they hold."""
    found = _CLASS.fullmatch(told)
    if not found or (found[2] and found[1].partition(".")[0] not in _GENERIC):
        return "Any"
    return found[1]


def _split(text: str, by: str) -> Iterator[str]:
    """Yield the parts of a text between separators that are in no brackets and no quotes."""
    depth, begin, quote, at = 0, 0, "", 0
    while at < len(text):
        letter = text[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[({":
            depth += 1
        elif letter in "])}":
            depth -= 1
        elif not depth and text.startswith(by, at):
            yield text[begin:at]
            at += len(by)
            begin = at
            continue
        at += 1
    yield text[begin:]
