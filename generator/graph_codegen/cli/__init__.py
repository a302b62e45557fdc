"""The command `graph-codegen`. Answers go to standard output, everything else to standard error.

Exit codes: 0 done, 1 a check found a difference or `diff` a finding to fail on, 2 the input or the output
was refused.
"""

from __future__ import annotations

import atexit
import gc
import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import click

from graph_codegen import __version__
from graph_codegen.cli.console import INTERRUPTED, REFUSED, tell, tell_all
from graph_codegen.cli.diff import diff_command
from graph_codegen.cli.documents import api_command, openapi_command
from graph_codegen.cli.generate import check_command, generate_command, vendor_command
from graph_codegen.cli.history import history_command
from graph_codegen.cli.metadata import (
    clouds_command,
    corrections_command,
    deprecations_command,
    inspect_command,
    roots_command,
    slice_command,
)
from graph_codegen.cli.update import init_command, update_command
from graph_codegen.emit.worker import GC_THRESHOLDS
from graph_codegen.errors import CodegenError, error
from graph_codegen.text import log_line


@contextmanager
def _printable_usage() -> Generator[None]:
    """Let no mistake in the arguments control the terminal that it is reported on."""
    try:
        yield
    except click.UsageError as problem:
        raise click.UsageError(log_line(problem.format_message()), problem.ctx) from None


class _Commands(click.Group):
    """Turns errors of input and output into messages: no command shows a traceback for them."""

    def make_context(
        self, info_name: str | None, args: list[str], *more: Any, **extra: Any
    ) -> click.Context:
        with _printable_usage():
            return super().make_context(info_name, args, *more, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _printable_usage():
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            stdout = cast("io.TextIOWrapper | None", sys.stdout)
            if stdout is None:
                raise error("cannot write: it is closed", "standard output")
            # Reports hold any character, whatever a terminal or a redirection takes by default, and
            # names of files need not be text.
            stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
            return super().invoke(ctx)
        except CodegenError as problem:
            tell_all("error", problem.diagnostics)
        except BrokenPipeError:  # the reader of the output has gone
            sys.stdout = None
        except OSError as problem:
            tell(f"error: cannot write: {problem.strerror}")
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        sys.exit(REFUSED)


@click.group(
    cls=_Commands,
    commands=[
        init_command,
        generate_command,
        check_command,
        vendor_command,
        diff_command,
        history_command,
        update_command,
        slice_command,
        clouds_command,
        corrections_command,
        inspect_command,
        deprecations_command,
        roots_command,
        openapi_command,
        api_command,
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="graph-codegen")
def main() -> None:
    """Generate a typed Python package from Microsoft Graph's CSDL metadata."""
    gc.set_threshold(*GC_THRESHOLDS)
    atexit.register(gc.freeze)  # the last collection would walk over everything that was read
