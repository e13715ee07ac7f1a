"""One process for one data folder: a lock that ends with the process that holds it, however it ends."""

import fcntl
from pathlib import Path
from typing import IO

from datasouk.node.errors import FolderInUse

__all__ = ["LOCK_FILE", "lock_folder"]

LOCK_FILE = "lock"


def lock_folder(folder: Path, *, name: str = LOCK_FILE) -> IO[bytes]:
    """Take a folder for this process; it is free again when the returned file is closed.

    Args:
        folder: Of a node, or of a marketplace, which has a lock of its own name in it.
        name: Of the lock.

    Raises:
        FolderInUse: Another process, or another node of this one, has it.
    """
    file = (folder / name).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FolderInUse(f"{folder} is in use by another process") from None
    return file
