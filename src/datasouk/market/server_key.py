"""The server key: 32 bytes from which every key that protects secrets at rest is derived (`datasouk.market.secrets`).

It comes from a setting, or from a file that is made at the first start.  It is never in the database nor in a backup
of it: without the key both are worthless to a thief, and to whoever restores them.
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from datasouk.market.errors import BadServerKey
from datasouk.market.ids import Randomness

__all__ = ["SERVER_KEY_BYTES", "load_server_keys", "parse_server_key"]

SERVER_KEY_BYTES = 32
_HEX_KEY = re.compile(rf"[0-9A-Fa-f]{{{2 * SERVER_KEY_BYTES}}}", re.ASCII)
_SHAPE = f"a server key is {2 * SERVER_KEY_BYTES} hexadecimal digits ({SERVER_KEY_BYTES} bytes)"


def parse_server_key(text: str, *, source: str = "the setting") -> bytes:
    """Read a key of 64 hexadecimal digits; spaces and line ends around it do not count.

    Args:
        text: The key.  Secret.
        source: Where it came from, for the error's text.

    Returns:
        32 bytes.  Secret.

    Raises:
        BadServerKey: Another shape; the text does not show it.
    """
    digits = text.strip()
    if not _HEX_KEY.fullmatch(digits):
        raise BadServerKey(f"{_SHAPE}; {source} holds {len(digits)} characters that are not")
    return bytes.fromhex(digits)


def load_server_keys(path: Path, randomness: Randomness = secrets.token_bytes) -> tuple[bytes, ...]:
    """Read the keys of a file, one a line, the current one first; make the file with a new key if it is not there.

    Older keys below the first still open what was sealed with them: that is how a server key is rotated.

    Returns:
        At least one key, 32 bytes each.  Secret.

    Raises:
        BadServerKey: The file can be read by others, or holds something else.
    """
    if not path.exists():
        _make(path, [randomness(SERVER_KEY_BYTES)])
    if path.stat().st_mode & 0o077:
        raise BadServerKey(f"{path} can be read by others: set its mode to 0600")
    lines = path.read_bytes().decode("ascii", "replace").split()
    if not lines:
        raise BadServerKey(f"{path} is empty")
    return tuple(parse_server_key(line, source=str(path)) for line in lines)


def _make(path: Path, keys: Sequence[bytes]) -> None:
    """Write the file whole and synced, unless somebody else was faster."""
    # mkstemp makes a file of mode 0600 that nobody else has.
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{key.hex()}\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
