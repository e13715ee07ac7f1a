"""The operator's tokens in the hands of tests: pays, and so brings milestones when a test wants one."""

import os

from tests.served_node import ServedNode

from datasouk.client.node import NodeClient
from datasouk.ledger import Address, Essence, Output, OutputType, Transaction, UtxoInput, split_output_id
from datasouk.ledger.answers import LedgerInclusion
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction
from datasouk.node.keyfiles import OPERATOR_FILE

__all__ = ["Bank"]

_RESERVE_IOTA = 10**15
_TIMEOUT_SECONDS = 30.0


class Bank:
    """A wallet with one output; takes what it needs from the operator when it is made."""

    def __init__(self, node: ServedNode, client: NodeClient) -> None:
        self.client = client
        operator = SigningKey(bytes.fromhex((node.folder / OPERATOR_FILE).read_text().strip()))
        (source,) = self.client.outputs(operator.address)
        self._key = SigningKey(os.urandom(32))
        self.send(self._sign(operator, source, Output(self._key.address, _RESERVE_IOTA)))

    def pay(self, address: Address, amount_iota: int, kind: OutputType = OutputType.SINGLE) -> bytes:
        """Pay; returns the message id, once it is included."""
        return self.send(self.prepare(address, amount_iota, kind))

    def prepare(self, address: Address, amount_iota: int, kind: OutputType = OutputType.SINGLE) -> Transaction:
        """A signed payment that is good until the next one."""
        return self._sign(self._key, self.output(), Output(address, amount_iota, kind))

    def output(self) -> bytes:
        """The id of the output that the next payment spends."""
        (source,) = self.client.outputs(self._key.address)
        return source

    def send(self, transaction: Transaction) -> bytes:
        """Send a payment; returns the message id, once it is included."""
        message_id = self.client.submit(transaction)
        metadata = self.client.wait_included(message_id, timeout_seconds=_TIMEOUT_SECONDS)
        assert metadata.inclusion is LedgerInclusion.INCLUDED
        return message_id

    def milestone(self) -> None:
        """Let everything that waits be confirmed, now."""
        self.pay(Address(os.urandom(32)), 1_000_000)

    def _sign(self, key: SigningKey, source: bytes, output: Output) -> Transaction:
        rest = self.client.output(source).output.amount_iota - output.amount_iota
        essence = Essence.sorted((UtxoInput(*split_output_id(source)),), (output, Output(key.address, rest)))
        return sign_transaction(essence, [key])
