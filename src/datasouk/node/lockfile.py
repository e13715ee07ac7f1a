"""One process for one data folder: a lock that ends with the process that holds it, however it ends."""

import fcntl
from pathlib import Path
from typing import IO

from datasouk.node.errors import FolderInUse

__all__ = ["LOCK_FILE", "lock_folder"]

LOCK_FILE = "lock"


def lock_folder(folder: Path) -> IO[bytes]:
    """Take a folder for this process; it is free again when the returned file is closed.

    Raises:
        FolderInUse: Another process, or another node of this one, has it.
    """
    file = (folder / LOCK_FILE).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FolderInUse(f"{folder} is in use by another node") from None
    return file
