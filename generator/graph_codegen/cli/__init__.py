"""The command `graph-codegen`. Answers go to standard output, everything else to standard error.

Exit codes: 0 done, 1 a check found a difference or `diff` what it was to fail on, 2 the input or the
output was refused.
"""

from __future__ import annotations

import io
import sys
from typing import Any, cast

import click

from graph_codegen import __version__
from graph_codegen.cli import diff, documents, generate, metadata, update
from graph_codegen.cli.common import INTERRUPTED, REFUSED, log
from graph_codegen.errors import CodegenError, error


class _Commands(click.Group):
    """Turns the errors of the input into messages; no command shows a traceback for them."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            stdout = cast("io.TextIOWrapper | None", sys.stdout)
            if stdout is None:
                raise error("cannot write: it is closed", "standard output")
            # Reports hold what metadata holds, whatever a terminal or a redirection takes by
            # default; names of files need not be text.
            stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
            return super().invoke(ctx)
        except CodegenError as problem:
            for diagnostic in problem.diagnostics:
                log.print(f"error: {diagnostic}")
        except BrokenPipeError:  # who reads the output has seen enough; there is nobody to tell
            sys.stdout = None
        except OSError as problem:
            log.print(f"error: cannot write: {problem.strerror}")
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        sys.exit(REFUSED)


@click.group(
    cls=_Commands,
    commands=[
        generate.generate,
        generate.check,
        generate.vendor,
        diff.diff,
        update.update,
        metadata.slice_,
        metadata.clouds,
        metadata.inspect,
        documents.openapi,
        documents.api,
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="graph-codegen")
def main() -> None:
    """Generate a typed Python package from Microsoft Graph's CSDL metadata."""
