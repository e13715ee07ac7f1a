"""The root of every error that datasouk raises on purpose.

    DatasoukError
    ├── MamError              datasouk.mam.errors: a message, key or argument of Masked Authenticated Messaging
    │   └── ...
    ├── LedgerError           datasouk.ledger.errors: an object of the ledger, its bytes, JSON, signatures or proof
    │   └── ...
    └── MarketError           datasouk.market.errors: why the marketplace refuses; each has a code for machines
        └── ...

Each package keeps its own branch in its own ``errors.py``; whoever wants to catch all of them catches the root.
"""

__all__ = ["DatasoukError"]


class DatasoukError(Exception):
    """Any failure that datasouk foresees; the text names the value and the limit, never a secret."""
