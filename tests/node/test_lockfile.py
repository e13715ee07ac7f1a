"""A folder belongs to one process, until that process ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from datasouk.node.errors import FolderInUse
from datasouk.node.lockfile import lock_folder

_HOLD = """
import pathlib, sys
from datasouk.node.lockfile import lock_folder

held = lock_folder(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_is_taken_once(tmp_path: Path) -> None:
    with lock_folder(tmp_path), pytest.raises(FolderInUse, match="in use"):
        lock_folder(tmp_path)
    lock_folder(tmp_path).close()


@pytest.mark.slow
def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse):
            lock_folder(tmp_path)
        holder.kill()
        holder.wait()
    lock_folder(tmp_path).close()
