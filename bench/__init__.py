"""Benchmarks: how fast datasouk is, as ratios to the original measured in the same run. See ``bench/README.md``.

Each benchmark is a module of this package with ``main(arguments) -> exit code``; names with ``_`` are helpers. What all
of them need is here: a description of the machine, and tables.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.peers import find_node, installed_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["describe_environment", "format_ratio", "format_table"]

ROOT = Path(__file__).resolve().parents[1]
PEER_SCRIPTS = Path(__file__).resolve().parent / "peers"


def describe_environment(*packages: str) -> dict[str, str]:
    """What a reader must know to judge the figures.

    Args:
        packages: the JavaScript packages that are measured.

    Returns:
        CPU, load, Python and Node versions, and the versions of the packages, in the order to print them.
    """
    versions = installed_versions()
    environment = {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "load": f"{os.getloadavg()[0]:.1f}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Node": find_node().version,
    }
    return environment | {package: versions[package] for package in packages}


def format_ratio(ratio: float) -> str:
    """Three digits at most: more would be noise."""
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:.0f}x"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table: the first column flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def _cpu_model() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
