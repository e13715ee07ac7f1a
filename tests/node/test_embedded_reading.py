import asyncio
from pathlib import Path

import pytest
from tests.node.running import (
    OPERATOR,
    confirm,
    data,
    run,
    running_node,
)
from tests.node.wallets import GENESIS_OUTPUT_ID, allow, give, key, output_ids, pay

from datasouk.ledger import (
    TOKEN_SUPPLY_IOTA,
    Indexation,
    OutputType,
    Transaction,
    make_output_id,
)
from datasouk.ledger.answers import (
    Balance,
    ConflictReason,
    LedgerInclusion,
    MessageMetadata,
    NodeTimeout,
    NodeUnavailable,
    NotInLedger,
    UtxoChanges,
)
from datasouk.node.embedded import EmbeddedNode

ALICE, BOB = key(2), key(3)
MI = 1_000_000
UNKNOWN = bytes([0xAB]) * 32


def _spend_genesis(amount: int = 10 * MI) -> Transaction:
    return pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, amount), give(OPERATOR, TOKEN_SUPPLY_IOTA - amount)])


def _count(node: EmbeddedNode) -> int:
    return node._store.message_count()


class TestMetadata:
    def test_waiting_message(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                assert await node.metadata(message_id) == MessageMetadata(
                    message_id, (node.latest_milestone().message_id,), should_promote=False, should_reattach=False
                )

        run(main())

    def test_referenced_data_message(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                parents = (node.latest_milestone().message_id,)
                message_id = await node.submit(data(1))
                await confirm(node)
                assert await node.metadata(message_id) == MessageMetadata(
                    message_id, parents, referenced_by=2, inclusion=LedgerInclusion.NO_TRANSACTION
                )

        run(main())

    def test_milestone(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                found = await node.metadata(node.latest_milestone().message_id)
                assert (found.referenced_by, found.milestone_index) == (1, 1)
                assert found.inclusion is LedgerInclusion.NO_TRANSACTION
                assert (found.should_promote, found.should_reattach) == (None, None)

        run(main())

    def test_included_and_conflicting_transaction(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                first = await node.submit(_spend_genesis())
                await confirm(node)
                second = await node.submit(_spend_genesis(11 * MI))
                await confirm(node)
                good, bad = await node.metadata(first), await node.metadata(second)
                assert (good.inclusion, good.conflict_reason) == (LedgerInclusion.INCLUDED, ConflictReason.NONE)
                assert (bad.inclusion, bad.conflict_reason) == (
                    LedgerInclusion.CONFLICTING,
                    ConflictReason.SPENT_EARLIER,
                )
                assert (good.milestone_index, bad.milestone_index) == (None, None)

        run(main())

    def test_unknown_message(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NotInLedger):
                    await node.metadata(UNKNOWN)
                with pytest.raises(NotInLedger):
                    await node.raw(UNKNOWN)
                assert await node.children(UNKNOWN) == []

        run(main())


class TestWaitIncluded:
    def test_released_by_the_milestone(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                waiters = [asyncio.create_task(node.wait_included(message_id, timeout_seconds=30)) for _ in range(3)]
                await asyncio.sleep(0)
                assert not any(waiter.done() for waiter in waiters)
                await confirm(node)
                assert {(await waiter).referenced_by for waiter in waiters} == {2}
                assert node._waiting == {}

        run(main())

    def test_confirmed_message_needs_no_waiting(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                latest = node.latest_milestone().message_id
                assert (await node.wait_included(latest, timeout_seconds=0)).referenced_by == 1

        run(main())

    def test_time_out_leaves_nothing_behind(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                with pytest.raises(NodeTimeout, match="no milestone within"):
                    await node.wait_included(message_id, timeout_seconds=0.001)
                assert node._waiting == {}
                await confirm(node)
                assert (await node.wait_included(message_id, timeout_seconds=0)).referenced_by == 2

        run(main())

    def test_one_that_times_out_leaves_the_others_waiting(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                patient = asyncio.create_task(node.wait_included(message_id, timeout_seconds=30))
                with pytest.raises(NodeTimeout):
                    await node.wait_included(message_id, timeout_seconds=0.001)
                await confirm(node)
                assert (await patient).referenced_by == 2

        run(main())

    def test_unknown_message(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NotInLedger):
                    await node.wait_included(UNKNOWN, timeout_seconds=1)

        run(main())


class TestLookUps:
    def test_find_answers_exact_matches_oldest_first_up_to_the_limit(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, max_index_results=5) as node:
                ids = [await node.submit(data(number, b"ab")) for number in range(7)]
                await node.submit(data(1, b"ab\0"))
                await node.submit(data(1, b"a"))
                assert await node.find(b"ab") == ids[:5]
                assert await node.find(b"abc") == []

        run(main())

    def test_index_inside_a_transaction_is_found(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                transfer = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, TOKEN_SUPPLY_IOTA)], Indexation(b"receipt"))
                message_id = await node.submit(transfer)
                assert await node.find(b"receipt") == [message_id]

        run(main())

    def test_children_are_limited(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, max_results=3) as node:
                ids = [await node.submit(data(number)) for number in range(5)]
                assert await node.children(node.latest_milestone().message_id) == ids[:3]

        run(main())

    def test_outputs_unspent_first_then_oldest_first(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, max_results=4) as node:
                first = _spend_genesis()
                ids = output_ids(first)
                await node.submit(first)
                await confirm(node)
                second = pay({ids[give(ALICE, 10 * MI)]: ALICE}, [allow(ALICE, 4 * MI), give(ALICE, 6 * MI)])
                later = output_ids(second)
                await node.submit(second)
                await confirm(node)
                spent = ids[give(ALICE, 10 * MI)]
                unspent = sorted(later.values())
                assert await node.outputs(ALICE.address) == unspent
                assert await node.outputs(ALICE.address, include_spent=True) == [*unspent, spent]
                single, allowance = later[give(ALICE, 6 * MI)], later[allow(ALICE, 4 * MI)]
                for kind, expected in ((OutputType.SINGLE, single), (OutputType.DUST_ALLOWANCE, allowance)):
                    assert await node.outputs(ALICE.address, output_type=kind) == [expected]
                state = await node.output(spent)
                assert (state.milestone_spent, state.transaction_spent) == (3, second.transaction_id())
                assert await node.utxo_changes(3) == UtxoChanges(3, tuple(unspent), (spent,))
                assert await node.utxo_changes(1) == UtxoChanges(1, (), ())
                carrier = await node.message(await node.included_message(second.transaction_id()))
                assert carrier.payload == second

        run(main())

    def test_balance_says_whether_dust_is_allowed(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                rest = TOKEN_SUPPLY_IOTA - MI - 10 * MI
                first = pay({GENESIS_OUTPUT_ID: OPERATOR}, [allow(ALICE, MI), give(BOB, 10 * MI), give(OPERATOR, rest)])
                await node.submit(first)
                await confirm(node)
                assert await node.balance(ALICE.address) == Balance(ALICE.address, MI, True, 2)
                assert await node.balance(BOB.address) == Balance(BOB.address, 10 * MI, False, 2)
                assert await node.balance(key(99).address) == Balance(key(99).address, 0, False, 2)

        run(main())

    def test_what_is_unknown(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NotInLedger, match="output not found"):
                    await node.output(make_output_id(UNKNOWN, 0))
                with pytest.raises(NotInLedger, match="included transaction not found"):
                    await node.included_message(UNKNOWN)
                for look_up in (node.milestone, node.utxo_changes):
                    with pytest.raises(NotInLedger, match="milestone not found: 2"):
                        await look_up(2)

        run(main())


class TestDiskFailure:
    def test_node_acknowledges_nothing_and_says_so(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                before = await node.submit(data(1))
                node._database.writer._connection.close()
                with pytest.raises(NodeUnavailable, match="cannot be written"):
                    await node.submit(data(2))
                with pytest.raises(NodeUnavailable):
                    await node.submit(data(3))
                assert not node.is_healthy
                assert await node.find(b"sensor") == [before]

        run(main())
