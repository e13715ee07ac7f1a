"""Follows ``docs/tutorial/your-own-ledger.md`` to the letter, with a real node, Node.js and the original package.

Three things differ from what a reader does: the node takes any free port, and the page's address is replaced by its
own; the packages of `tests.peers`, which have the version that the page installs, are put in the place of npm's; and
what is typed into three terminals comes from one process.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.peers import find_node, install, installed_versions
from tests.served_node import ServedNode
from tests.test_docs import FENCE, check_output, examples

PAGE = Path(__file__).parents[1] / "docs/tutorial/your-own-ledger.md"
ADDRESS = "http://127.0.0.1:14265"
SERVE = "datasouk node serve "
INSTALL = "npm install --no-save "
TIMEOUT_SECONDS = 60.0
_SAVED = re.compile(r"^Save this as `([\w-]+\.mjs)`:\n\n```javascript\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def save_scripts(folder: Path, url: str) -> None:
    """Save what the page tells to save, and nothing may be left unsaved."""
    saved = _SAVED.findall(PAGE.read_text())
    assert len(saved) == sum(block[1] == "javascript" for block in FENCE.finditer(PAGE.read_text())) == 2
    for name, script in saved:
        (folder / name).write_text(script.replace(ADDRESS, url))


def install_packages(command: str, folder: Path) -> None:
    """What npm would do."""
    name, _, pinned = command.removeprefix(INSTALL).strip().rpartition("@")
    assert installed_versions()[name] == pinned
    (folder / "node_modules").symlink_to(install() / "node_modules")


def run_shell(command: str) -> str:
    tools = find_node()
    path = os.pathsep.join([str(Path(sys.executable).parent), str(tools.node.parent), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-euc", command],
        env=tools.environment() | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), command
    return ended.stdout


@pytest.mark.slow
def test_every_block_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks = examples(PAGE)
    (serving,) = [block for block in blocks if block.code.startswith(SERVE)]
    option, folder = serving.code.removeprefix(SERVE).split()
    assert option == "--data-dir"
    with ServedNode(tmp_path / folder) as node:
        check_output(serving, f"node ready: {ADDRESS}\n")
        save_scripts(tmp_path, node.url)
        for block in blocks:
            if block is serving:
                continue
            if block.code.startswith(INSTALL):
                install_packages(block.code, tmp_path)
            elif block.language == "bash":
                check_output(block, run_shell(block.code))
            else:
                # Empty lines in front, so that a traceback names the page's own line.
                code = "\n" * block.line + block.code.replace(ADDRESS, node.url)
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(compile(code, str(PAGE), "exec", dont_inherit=True), namespace)
                check_output(block, printed.getvalue())


def test_the_page_installs_the_version_that_is_tested() -> None:
    manifest = json.loads((Path(__file__).parent / "peers/package.json").read_text())
    version = manifest["dependencies"]["@iota/mam.js"]
    assert f"\n{INSTALL}@iota/mam.js@{version}\n" in PAGE.read_text()
