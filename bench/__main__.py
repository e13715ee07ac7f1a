"""Run benchmarks one after the other, each in a fresh process: ``python -m bench [name ...]``.

Their own options (``--json``, ``--rounds``) are for ``python -m bench.<name>``.
"""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys

import bench


def main() -> int:
    """Run the named benchmarks, all when none is named; the exit code is 1 if any failed."""
    names = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run benchmarks, one after the other.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(names)} (all if none is given)")
    wanted = parser.parse_args().names or names
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"no benchmark {unknown[0]!r}; there are: {', '.join(names)}")
    failed = []
    for name in wanted:
        # A fresh process, so that caches, garbage and memory of one do not show in the next.
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False, cwd=bench.ROOT).returncode != 0:
            failed.append(name)
        print(flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
