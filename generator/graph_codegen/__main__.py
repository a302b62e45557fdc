"""`python -m graph_codegen` is the command `graph-codegen`."""

from graph_codegen.cli import main

main()
