"""The command line: one file for each group of commands, imported only when it is asked for."""

from datasouk.cli.main import main

__all__ = ["main"]
