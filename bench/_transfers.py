"""Wallets for the node's benchmark: each owns one output and keeps sending it to itself."""

import asyncio
import json
import os
from pathlib import Path

from bench._load import Connection, get_request, post_request
from datasouk.ledger import Essence, MessageDraft, Output, Transaction, UtxoInput, split_output_id
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction

__all__ = ["Wallet", "fund_wallets", "transfer_for"]

_AMOUNT = 10_000_000
_POLL_SECONDS = 0.01


class Wallet:
    """A key and the one output it owns."""

    def __init__(self) -> None:
        self.key = SigningKey(os.urandom(32))
        self.output = b""

    async def wait_included(self, connection: Connection, answer: bytes) -> None:
        """Ask for the message's metadata until a milestone has taken it."""
        name = json.loads(answer)["data"]["messageId"]
        await wait_included(connection, name)


async def wait_included(connection: Connection, name: str) -> None:
    """Poll until included."""
    request = get_request(f"/api/v1/messages/{name}/metadata")
    while True:
        _, body = await connection.ask(request)
        state = json.loads(body)["data"].get("ledgerInclusionState")
        if state is not None:
            assert state == "included", body
            return
        await asyncio.sleep(_POLL_SECONDS)


def _wire(transaction: Transaction) -> bytes:
    return MessageDraft(payload=transaction).to_bytes()


def transfer_for(wallet: Wallet) -> bytes:
    """The wallet's next transfer, as a draft in wire form."""
    essence = Essence((UtxoInput(*split_output_id(wallet.output)),), (Output(wallet.key.address, _AMOUNT),))
    transaction = sign_transaction(essence, [wallet.key])
    (wallet.output,) = transaction.output_ids()
    return _wire(transaction)


async def fund_wallets(connection: Connection, folder: Path, wallets: list[Wallet]) -> None:
    """Pay every wallet from the operator's address, in one transaction."""
    operator = SigningKey(bytes.fromhex((folder / "operator.key").read_text().strip()))
    address = operator.address.digest.hex()
    listed = await connection.get(f"/api/v1/addresses/ed25519/{address}/outputs")
    assert isinstance(listed, dict)
    inputs, total = [], 0
    for name in listed["outputIds"]:
        state = await connection.get(f"/api/v1/outputs/{name}")
        assert isinstance(state, dict)
        inputs.append(UtxoInput(*split_output_id(bytes.fromhex(name))))
        total += state["output"]["amount"]
    outputs = [Output(wallet.key.address, _AMOUNT) for wallet in wallets]
    outputs.append(Output(operator.address, total - _AMOUNT * len(wallets)))
    essence = Essence.sorted(tuple(inputs), tuple(outputs))
    transaction = sign_transaction(essence, [operator] * len(inputs))
    _, answer = await connection.ask(post_request("/api/v1/messages", _wire(transaction)))
    await wait_included(connection, json.loads(answer)["data"]["messageId"])
    place = {output.address: name for output, name in zip(essence.outputs, transaction.output_ids(), strict=True)}
    for wallet in wallets:
        wallet.output = place[wallet.key.address]
