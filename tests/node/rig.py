"""A node in memory, its REST interface, and a client that talks to it without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from tests.fakes import OPERATOR, FakeFaucet, FakeNode

from datasouk.ledger import Address, Essence, Indexation, Output, UtxoInput
from datasouk.ledger.signatures import sign_transaction
from datasouk.node.rest import create_node_app

API = "/api/v1"
BUYER = Address(b"\x07" * 32)


class Rig:
    """A node, its application, and a client that talks to it without a socket."""

    def __init__(self, node: FakeNode, http: httpx2.AsyncClient) -> None:
        self.node = node
        self.http = http

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.json()["data" if status < 300 else "error"]

    async def post(self, path: str, status: int = 201, **body: Any) -> Any:
        answer = await self.http.post(path, **body)
        assert answer.status_code == status, answer.text
        return answer.json()["data" if status < 300 else "error"]

    async def pay(self, amount_iota: int) -> bytes:
        """Pay the buyer; returns the message id, once it is included."""
        (output_id, *_) = await self.node.outputs(OPERATOR.address)
        state = await self.node.output(output_id)
        rest = state.output.amount_iota - amount_iota
        essence = Essence.sorted(
            (UtxoInput(state.transaction_id, state.output_index),),
            (Output(BUYER, amount_iota), Output(OPERATOR.address, rest)),
            Indexation(b"sale"),
        )
        message_id = await self.node.submit(sign_transaction(essence, [OPERATOR]))
        await self.node.wait_included(message_id, timeout_seconds=5)
        return message_id


@asynccontextmanager
async def running(faucet: FakeFaucet | None = None) -> AsyncIterator[Rig]:
    node = FakeNode()
    transport = httpx2.ASGITransport(create_node_app(node, faucet=faucet))
    async with httpx2.AsyncClient(transport=transport, base_url="http://node") as http:
        yield Rig(node, http)
    node.close()
