"""The secrets of a node's data folder: the coordinator's keys and the operator's.

    coordinator.key   two Ed25519 seeds, hexadecimal, one a line: they sign milestones
    operator.key      one: it owns the whole supply of a new ledger, and pays what the faucet gives

Both are made at the first start with mode 0600 and never change; a backup of the ledger without them cannot go on.
"""

import os
import secrets
from pathlib import Path

from datasouk.ledger.keys import SigningKey
from datasouk.node.errors import WrongLedger

__all__ = ["COORDINATOR_FILE", "OPERATOR_FILE", "load_keys"]

COORDINATOR_FILE = "coordinator.key"
OPERATOR_FILE = "operator.key"
_SEED_BYTES = 32


def load_keys(path: Path, count: int) -> tuple[SigningKey, ...]:
    """Read the keys of a file, making it with new ones if it is not there.

    Raises:
        WrongLedger: The file holds something else, or others can read it.
    """
    if not path.exists():
        _write(path, [secrets.token_hex(_SEED_BYTES) for _ in range(count)])
    if path.stat().st_mode & 0o077:
        raise WrongLedger(f"{path} can be read by others: set its mode to 0600")
    try:
        seeds = [bytes.fromhex(line) for line in path.read_text().split()]
    except ValueError:
        seeds = []
    if len(seeds) != count or any(len(seed) != _SEED_BYTES for seed in seeds):
        raise WrongLedger(f"{path} must hold {count} lines of {2 * _SEED_BYTES} hexadecimal digits")
    return tuple(SigningKey(seed) for seed in seeds)


def _write(path: Path, lines: list[str]) -> None:
    """Write a file that is there whole or not at all, synced."""
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
