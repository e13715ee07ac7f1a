"""A served node that is killed again and again while sensors and wallets use it.

What was acknowledged is there after the restart; the ledger is whole; transfers are included once.
"""

import asyncio
import contextlib
import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bench._load import Connection, connect, get_request, post_request
from bench._transfers import Wallet, fund_wallets, transfer_for
from tests.served_node import ServedNode

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Indexation, Message, MessageDraft, Transaction

pytestmark = pytest.mark.slow

ROUNDS = 6  # More of them for a longer look: each takes about two seconds.
SENSORS = 4
WALLETS = 3
LONGEST_LIFE_SECONDS = 0.5
LONGEST_START_SECONDS = 5.0
POST = "/api/v1/messages"


@dataclass
class Payer:
    """A wallet that sends its tokens to itself, each time the outcome of the last transfer, included or not.

    Attributes:
        body: The transfer that is on its way: sent again after a crash, for nobody knows what became of it.
    """

    wallet: Wallet
    body: bytes | None = None


@dataclass
class World:
    """What the outside knows.

    Attributes:
        acknowledged: The body that was posted, by the id that the node answered.
        checked: Ids that were found after a restart already.
    """

    payers: list[Payer] = field(default_factory=list)
    acknowledged: dict[bytes, bytes] = field(default_factory=dict)
    checked: set[bytes] = field(default_factory=set)

    def transfers(self) -> Iterator[tuple[bytes, Transaction]]:
        """Acknowledged transfers by message id."""
        for message_id, body in self.acknowledged.items():
            payload = MessageDraft.from_bytes(body).payload
            if isinstance(payload, Transaction):
                yield message_id, payload

    async def post(self, connection: Connection, body: bytes) -> None:
        status, answer = await connection.ask(post_request(POST, body))
        assert status == 201, answer
        self.acknowledged[bytes.fromhex(json.loads(answer)["data"]["messageId"])] = body

    async def sense(self, connection: Connection, source: random.Random) -> None:
        while True:
            data = Indexation(b"crash", source.randbytes(source.randrange(4, 3000)))
            await self.post(connection, MessageDraft(payload=data).to_bytes())

    async def pay(self, connection: Connection, payer: Payer) -> None:
        while True:
            payer.body = payer.body or transfer_for(payer.wallet)
            await self.post(connection, payer.body)
            payer.body = None


async def use_and_kill(node: ServedNode, world: World, source: random.Random) -> None:
    """Sensors and wallets at work until the node is gone, which is soon."""
    async with connect(node.port, SENSORS + len(world.payers)) as connections:
        sensors = [world.sense(connection, source) for connection in connections[:SENSORS]]
        wallets = [world.pay(*pair) for pair in zip(connections[SENSORS:], world.payers, strict=True)]
        work = [asyncio.ensure_future(each) for each in (*sensors, *wallets)]
        await asyncio.sleep(source.uniform(0, LONGEST_LIFE_SECONDS))
        node.process.kill()
        for ended in await asyncio.gather(*work, return_exceptions=True):
            assert isinstance(ended, asyncio.IncompleteReadError | ConnectionError), ended


async def check_acknowledged(node: ServedNode, world: World, ids: set[bytes]) -> None:
    """Every message is there, with the payload that was posted."""
    names = iter(ids)

    async def check(connection: Connection) -> None:
        for message_id in names:
            status, raw = await connection.ask(get_request(f"{POST}/{message_id.hex()}/raw"))
            assert status == 200, (message_id.hex(), raw)
            message = Message.from_bytes(raw)
            assert message.message_id() == message_id
            assert message.payload == MessageDraft.from_bytes(world.acknowledged[message_id]).payload

    async with connect(node.port, 4) as connections:
        await asyncio.gather(*(check(connection) for connection in connections))


async def check_transfers(node: ServedNode, world: World) -> None:
    """Every acknowledged transfer becomes included, by one message; others that carry it come too late."""
    async with connect(node.port, 1) as (connection,):
        for message_id, transaction in world.transfers():
            state = await outcome(connection, message_id)
            included = f"/api/v1/transactions/{transaction.transaction_id().hex()}/included-message/raw"
            status, raw = await connection.ask(get_request(included))
            assert status == 200
            assert Message.from_bytes(raw).payload == transaction
            if Message.from_bytes(raw).message_id() == message_id:
                assert state == ("included", None)
            else:
                assert state in {("conflicting", 1), ("conflicting", 2)}
        for payer in world.payers:
            digest = payer.wallet.key.address.digest.hex()
            outputs = await connection.get(f"/api/v1/addresses/ed25519/{digest}/outputs")
            assert isinstance(outputs, dict)
            assert outputs["outputIds"] == [payer.wallet.output.hex()]


async def outcome(connection: Connection, message_id: bytes) -> tuple[str, int | None]:
    """What a milestone has made of a message, once one has."""
    while True:
        metadata = await connection.get(f"{POST}/{message_id.hex()}/metadata")
        assert isinstance(metadata, dict)
        if "ledgerInclusionState" in metadata:
            return metadata["ledgerInclusionState"], metadata.get("conflictReason")
        await asyncio.sleep(0.02)


async def fund(node: ServedNode) -> list[Payer]:
    wallets = [Wallet() for _ in range(WALLETS)]
    async with connect(node.port, 1) as (connection,):
        await fund_wallets(connection, node.folder, wallets)
    return [Payer(wallet) for wallet in wallets]


async def send_what_was_on_its_way(node: ServedNode, world: World) -> None:
    async with connect(node.port, 1) as (connection,):
        for payer in world.payers:
            if payer.body is not None:
                await world.post(connection, payer.body)
                payer.body = None


def check_supply(folder: Path) -> None:
    """Counted by the test itself, in what the node has written."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True)) as database:
        (total,) = database.execute("SELECT sum(amount) FROM output WHERE spent IS NULL").fetchone()
    assert total == TOKEN_SUPPLY_IOTA == 2_779_530_283_277_761


def check_ledger(folder: Path) -> None:
    command = [sys.executable, "-m", "datasouk", "node", "check", "--data-dir", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no problems" in ended.stdout


@contextlib.contextmanager
def started(node: ServedNode) -> Iterator[None]:
    node.start()
    try:
        yield
    finally:
        node.kill()


def test_nothing_acknowledged_is_lost_when_the_node_is_killed(tmp_path: Path) -> None:
    node = ServedNode(tmp_path / "node")
    source = random.Random("crash")
    world = World()
    with started(node):
        world.payers = asyncio.run(fund(node))
    for _ in range(ROUNDS):
        with started(node):
            assert node.start_seconds < LONGEST_START_SECONDS
            check_supply(node.folder)
            new = world.acknowledged.keys() - world.checked
            asyncio.run(check_acknowledged(node, world, new))
            world.checked |= new
            asyncio.run(use_and_kill(node, world, source))
    check_ledger(node.folder)  # As the crash has left it.
    with started(node):
        asyncio.run(send_what_was_on_its_way(node, world))
        asyncio.run(check_transfers(node, world))
        asyncio.run(check_acknowledged(node, world, set(world.acknowledged)))
        check_supply(node.folder)
    check_ledger(node.folder)
    kinds = [sum(1 for _ in world.transfers()), len(world.acknowledged)]
    assert kinds[0] > ROUNDS, "wallets were at work"
    assert kinds[1] - kinds[0] > ROUNDS, "sensors were at work"


def test_node_that_is_killed_while_it_starts_starts_the_next_time(tmp_path: Path) -> None:
    """From the very first start on, which makes the keys and the genesis."""
    node = ServedNode(tmp_path / "node")
    source = random.Random("start")
    for _ in range(ROUNDS):
        node.spawn()
        time.sleep(source.uniform(0, 0.8))
        node.kill()
    with started(node):
        assert node.start_seconds < LONGEST_START_SECONDS
        check_supply(node.folder)
        assert len(asyncio.run(fund(node))) == WALLETS
    check_ledger(node.folder)
    files = {path.name for path in node.folder.iterdir()}
    assert files <= {"coordinator.key", "operator.key", "ledger.db", "ledger.db-wal", "ledger.db-shm", "lock", "log"}
