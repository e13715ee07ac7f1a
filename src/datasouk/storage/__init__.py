"""The marketplace's `Store` over SQL; no SQL of the marketplace is anywhere else.

`open_store` is the door: it takes a path or an address and gives a store, brought to this version's schema.
"""

from pathlib import Path
from urllib.parse import urlsplit

from datasouk.market.errors import UnknownStore
from datasouk.market.ports import Store
from datasouk.storage.sqlite import SqliteStore

__all__ = ["open_store", "store_path"]


async def open_store(address: str | Path) -> Store:
    """Open a store, making it if need be; it belongs to the event loop that opens it.

    Args:
        address: A file's path, or ``sqlite:///absolute/path`` or ``sqlite:relative/path``.

    Raises:
        StoreFailed: The file cannot be used.
        UnknownStore: No such kind of store.
        WrongSchema: It was made by a newer version of datasouk.
    """
    return SqliteStore.open(store_path(address))


def store_path(address: str | Path) -> Path:
    """The file of a store, from what `open_store` takes.

    Raises:
        UnknownStore: No such kind of store.
    """
    if isinstance(address, Path):
        return address
    parts = urlsplit(address)
    if not parts.scheme:
        return Path(address)
    if parts.scheme != "sqlite":
        raise UnknownStore(f"a store is a path or sqlite:///path; there is none of the kind {parts.scheme}:")
    if parts.netloc or not parts.path or parts.query or parts.fragment:
        raise UnknownStore("write sqlite:///absolute/path or sqlite:relative/path")
    return Path(parts.path)
