"""Errors of the node's own keeping; what a caller of a node sees is in `datasouk.ledger.answers`.

DatasoukError
└── BrokenLedger       the database contradicts itself: the node does not serve it
    └── WrongLedger    it was made for another network, or with other keys
"""

from datasouk.errors import DatasoukError

__all__ = ["BrokenLedger", "FolderInUse", "WrongLedger"]


class BrokenLedger(DatasoukError):
    """The database contradicts itself; the text says where."""


class WrongLedger(BrokenLedger):
    """The database was made for another network, or with other keys."""


class FolderInUse(DatasoukError):
    """Another process works in the data folder."""
