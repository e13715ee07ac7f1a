"""Runs the command as a real process, as a shell would."""

import json
import subprocess
import sys
from typing import Any

__all__ = ["run", "run_json"]

TIMEOUT_SECONDS = 60.0


def run(*arguments: str, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run ``datasouk ARGUMENTS`` to its end; its output is text."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    ended = subprocess.run(
        [sys.executable, "-m", "datasouk", *arguments], input=data, capture_output=True, timeout=TIMEOUT_SECONDS
    )
    return subprocess.CompletedProcess(ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def run_json(*arguments: str, stdin: Any) -> Any:
    """Hand in a JSON value, and return the one that comes out; the command must succeed."""
    ended = run(*arguments, stdin=json.dumps(stdin))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("\n") == 1
    return json.loads(ended.stdout)
