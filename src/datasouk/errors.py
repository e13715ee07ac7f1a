"""The root of every error that datasouk raises on purpose.

    DatasoukError
    ├── MamError              datasouk.mam.errors: a message, key or argument of Masked Authenticated Messaging
    │   └── ...
    ├── LedgerError           datasouk.ledger.errors: an object of the ledger, its bytes, JSON, signatures or proof
    │   └── ...
    ├── MarketError           datasouk.market.errors: why the marketplace refuses; each has a code for machines
    │   └── ...
    ├── NodeError             datasouk.ledger.answers: a node could not do what was asked of it
    │   └── ...
    ├── MqttError             datasouk.node.mqtt_packets: an MQTT client broke the protocol
    │   └── ...
    ├── BrokenLedger          datasouk.node.errors: a node's database contradicts itself
    │   └── WrongLedger
    ├── FolderInUse           datasouk.node.errors: another process works in a node's folder
    ├── DatabaseFailed        datasouk.sqlite: the disk does not do what it should
    ├── DatabaseOverloaded    datasouk.sqlite: too much waits for the disk
    ├── AdminRefused          datasouk.admin: what the operator asked for cannot be done
    ├── CannotListen          datasouk.serving: an address cannot be had
    ├── InvalidSetting        datasouk.settings: a setting is unknown, or its value is
    └── WrongCall, CannotDo   datasouk.cli.errors: what the command line answers

Each package keeps its own branch in its own ``errors.py``; whoever wants to catch all of them catches the root.
"""

__all__ = ["DatasoukError"]


class DatasoukError(Exception):
    """Any failure that datasouk foresees; the text names the value and the limit, never a secret."""
