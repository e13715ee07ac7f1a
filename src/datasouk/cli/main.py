"""``datasouk``: find the command, run it, turn errors into an exit code.

Exit codes: 0 done; 1 the command could not do what was asked, standard error says why; 2 it was called wrongly.
"""

import argparse
import sys
from collections.abc import Sequence

from datasouk import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="datasouk", description="A marketplace for live sensor data.")
    parser.add_argument("--version", action="version", version=f"datasouk {__version__}")
    parser.parse_args(arguments)
    parser.print_help(sys.stderr)
    return 2
