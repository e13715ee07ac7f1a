from pathlib import Path

import pytest
from tests.node.running import OPERATOR, START_SECONDS, Clock, build_on, confirm, data, run, running_node
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, pay

from datasouk.ledger import GENESIS_MESSAGE_ID, MAX_PARENTS, TOKEN_SUPPLY_IOTA, Message, Transaction
from datasouk.ledger.answers import NodeRefused
from datasouk.node.tangle import Pending, Tangle
from datasouk.node.validation import choose_parents

UNKNOWN = bytes([0xAB]) * 32
LATEST = bytes([0x77]) * 32
DEPTH = 600.0


class TestCheckParents:
    def test_unknown_parent_is_refused_and_nothing_is_stored(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                known = await node.submit(data(1))
                with pytest.raises(NodeRefused, match=f"parent {UNKNOWN.hex()} is not known"):
                    await build_on(node, known, UNKNOWN)
                assert await node.find(b"chosen") == []
                assert await node.children(known) == []

        run(main())

    @pytest.mark.parametrize(("age", "welcome"), [(0, True), (DEPTH, True), (DEPTH + 1, False)])
    def test_parent_counts_by_the_time_of_its_milestone(self, tmp_path: Path, age: float, welcome: bool) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock, max_depth_seconds=DEPTH) as node:
                clock.now += 100
                parent = await node.submit(data(1))
                clock.now += 100
                milestone = await confirm(node)
                assert milestone.timestamp_seconds == START_SECONDS + 200
                clock.now += age
                await confirm(node)
                if welcome:
                    await build_on(node, parent)
                else:
                    with pytest.raises(NodeRefused, match=f"parent {parent.hex()} is below max depth: milestone 2"):
                        await build_on(node, parent)

        run(main())

    def test_waiting_parent_is_never_too_deep(self, tmp_path: Path) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock) as node:
                parent = await node.submit(data(1))
                clock.now += 10 * DEPTH
                await build_on(node, parent)

        run(main())

    def test_latest_milestone_is_welcome_however_old(self, tmp_path: Path) -> None:
        """A node whose clock jumped, or that issues milestones rarely, must still take messages."""

        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock) as node:
                clock.now += 10 * DEPTH
                await node.submit(data(1))
                older = node.latest_milestone().message_id
                await confirm(node)
                with pytest.raises(NodeRefused, match="below max depth: milestone 1"):
                    await build_on(node, older)

        run(main())

    def test_genesis_is_always_welcome(self, tmp_path: Path) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock) as node:
                clock.now += 10 * DEPTH
                await confirm(node)
                await build_on(node, GENESIS_MESSAGE_ID)

        run(main())


class TestChooseParents:
    def _chain(self, count: int) -> tuple[Tangle, list[Transaction]]:
        """Waiting transactions, each in a message of its own."""
        tangle, transfers = Tangle(), []
        for number in range(count):
            spent = bytes([number + 1]) * 32 + b"\0\0"
            transfers.append(pay({spent: OPERATOR}, [give(key(9), 1_000_000)]))
            message = Message(1, (LATEST,), payload=transfers[-1])
            tangle.add(Pending(number, message.message_id(), message, message.to_bytes()))
        return tangle, transfers

    def test_data_goes_under_the_latest_milestone_alone(self) -> None:
        tangle, _ = self._chain(3)
        assert choose_parents(data(1), LATEST, tangle) == (LATEST,)
        assert choose_parents(None, LATEST, tangle) == (LATEST,)

    def test_transaction_that_spends_the_ledger_does_so_too(self) -> None:
        tangle, _ = self._chain(3)
        transfer = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(key(9), TOKEN_SUPPLY_IOTA)])
        assert choose_parents(transfer, LATEST, tangle) == (LATEST,)

    @pytest.mark.parametrize("count", [1, 7])
    def test_transaction_that_spends_what_waits_goes_above_it(self, count: int) -> None:
        tangle, transfers = self._chain(count)
        spender = pay({each.output_ids()[0]: key(9) for each in transfers}, [give(key(8), 1_000_000 * count)])
        assert choose_parents(spender, LATEST, tangle) == tuple(sorted([LATEST, *tangle.ids]))

    def test_parents_are_never_more_than_a_message_holds(self) -> None:
        tangle, transfers = self._chain(12)
        spender = pay({each.output_ids()[0]: key(9) for each in transfers}, [give(key(8), 12_000_000)])
        parents = choose_parents(spender, LATEST, tangle)
        assert len(parents) == MAX_PARENTS
        assert LATEST in parents
        assert list(parents) == sorted(set(parents))
