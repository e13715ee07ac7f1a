"""Write ``package-lock.json`` anew from ``package.json``: ``python -m tests.peers``, after changing a version.

npm leaves addresses in its lock files: where each package was downloaded, and where its authors ask for money. Both are
taken out. They are of no use to ``npm ci``, and the first would tie everybody to the registry of whoever ran this.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.peers import MANIFEST_FOLDER, find_node

UNWANTED_FIELDS = ("resolved", "funding", "deprecated")  # the text of a deprecation often holds a link


def write_lock() -> None:
    """Resolve the versions of ``package.json`` and write the lock file."""
    tools = find_node()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copy(MANIFEST_FOLDER / "package.json", folder)
        command = [str(tools.node), str(tools.npm_cli), "install", "--package-lock-only", "--ignore-scripts"]
        subprocess.run([*command, "--no-audit", "--no-fund"], cwd=folder, env=tools.environment(), check=True)
        lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    for package in lock["packages"].values():
        for field in UNWANTED_FIELDS:
            package.pop(field, None)
    (MANIFEST_FOLDER / "package-lock.json").write_text(json.dumps(lock, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    write_lock()
