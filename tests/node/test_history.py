from pathlib import Path

from tests.node.running import OPERATOR, START_SECONDS, Clock, confirm, run, running_node
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, output_ids, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA
from datasouk.ledger.answers import HistoryEntry, LedgerInclusion
from datasouk.node.embedded import EmbeddedNode

ALICE, BOB = key(2), key(3)
MI = 1_000_000
REST = TOKEN_SUPPLY_IOTA - 10 * MI
GIFT = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, 10 * MI), give(OPERATOR, REST)])
PASSED_ON = pay({output_ids(GIFT)[give(ALICE, 10 * MI)]: ALICE}, [give(BOB, 3 * MI), give(ALICE, 7 * MI)])


async def _both(node: EmbeddedNode, clock: Clock) -> list[bytes]:
    """Two transfers in milestones 2 and 3, ten seconds apart."""
    carriers = []
    for transfer in (GIFT, PASSED_ON):
        clock.now += 10
        carriers.append(await node.submit(transfer))
        await confirm(node)
    return carriers


def test_entries_say_what_the_address_gained_and_lost_newest_first(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        async with running_node(tmp_path, clock=clock) as node:
            first, second = await _both(node, clock)
            included = LedgerInclusion.INCLUDED
            assert await node.history(ALICE.address, limit=10) == [
                HistoryEntry(second, PASSED_ON.transaction_id(), 3, START_SECONDS + 20, included, 1, 2, -3 * MI),
                HistoryEntry(first, GIFT.transaction_id(), 2, START_SECONDS + 10, included, 1, 2, 10 * MI),
            ]
            (bobs,) = await node.history(BOB.address, limit=10)
            assert (bobs.message_id, bobs.balance_change_iota) == (second, 3 * MI)

    run(main())


def test_genesis_is_no_entry(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        async with running_node(tmp_path, clock=clock) as node:
            assert await node.history(OPERATOR.address, limit=10) == []
            await _both(node, clock)
            (gift,) = await node.history(OPERATOR.address, limit=10)
            assert gift.balance_change_iota == -10 * MI

    run(main())


def test_transfer_to_oneself_changes_nothing_and_is_listed_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_node(tmp_path) as node:
            await node.submit(pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(OPERATOR, TOKEN_SUPPLY_IOTA)]))
            await confirm(node)
            (entry,) = await node.history(OPERATOR.address, limit=10)
            assert (entry.balance_change_iota, entry.input_count, entry.output_count) == (0, 1, 1)

    run(main())


def test_conflicting_and_waiting_transfers_are_not_listed(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        async with running_node(tmp_path, clock=clock) as node:
            await _both(node, clock)
            before = await node.history(ALICE.address, limit=10)
            await node.submit(pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, TOKEN_SUPPLY_IOTA)]))
            assert await node.history(ALICE.address, limit=10) == before
            await confirm(node)
            assert await node.history(ALICE.address, limit=10) == before
            assert await node.history(key(99).address, limit=10) == []

    run(main())


def test_limit_keeps_the_newest_and_the_setting_caps_it(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        async with running_node(tmp_path, clock=clock, most_history=1) as node:
            _, second = await _both(node, clock)
            assert [entry.message_id for entry in await node.history(ALICE.address, limit=10)] == [second]
            assert await node.history(ALICE.address, limit=0) == []

    run(main())


def test_repeated_payload_counts_the_message_that_was_applied(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        async with running_node(tmp_path, clock=clock) as node:
            first, _ = await _both(node, clock)
            await node.reattach(first)
            await confirm(node)
            assert [entry.message_id for entry in await node.history(OPERATOR.address, limit=10)] == [first]

    run(main())
