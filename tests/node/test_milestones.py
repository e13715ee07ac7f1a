import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.node.running import (
    COORDINATOR_KEYS,
    OPERATOR,
    START_SECONDS,
    Clock,
    build_on,
    confirm,
    data,
    milestone_payload,
    run,
    running_node,
)
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, output_ids, pay

from datasouk.ledger import MAX_PARENTS, TOKEN_SUPPLY_IOTA, Output, Transaction, inclusion_merkle_root
from datasouk.ledger.answers import ConflictReason, LedgerInclusion
from datasouk.ledger.signatures import verify_milestone
from datasouk.node.checking import check_ledger
from datasouk.node.embedded import EmbeddedNode

ALICE, BOB = key(2), key(3)
MI = 1_000_000


def _fan_out(count: int, amount: int = 2 * MI) -> tuple[Transaction, list[bytes]]:
    """The operator gives ten addresses a number of tokens each; the ids of those outputs, in the order of the keys."""
    gifts = [give(key(20 + number), amount) for number in range(count)]
    transfer = pay({GENESIS_OUTPUT_ID: OPERATOR}, [*gifts, give(OPERATOR, TOKEN_SUPPLY_IOTA - count * amount)])
    ids = output_ids(transfer)
    return transfer, [ids[gift] for gift in gifts]


class TestMilestone:
    def test_index_grows_by_one_and_each_builds_on_the_one_before(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                for number in range(2, 6):
                    before = node.latest_milestone()
                    await node.submit(data(number))
                    after = await confirm(node)
                    assert after.index == number
                    assert after == node.latest_milestone() == await node.milestone(number)
                    assert before.message_id in (await node.message(after.message_id)).parents
                    assert (await milestone_payload(node, number)).essence.index == number

        run(main())

    def test_time_never_goes_back(self, tmp_path: Path) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock) as node:
                for now, expected in ((100.9, 100), (50, 100), (100.5, 100), (200, 200)):
                    clock.now = START_SECONDS + now
                    found = await confirm(node)
                    assert found.timestamp_seconds == START_SECONDS + expected
                    payload = await milestone_payload(node, found.index)
                    assert payload.essence.timestamp_seconds == found.timestamp_seconds
            # Not over a restart either.
            async with running_node(tmp_path, clock=Clock(START_SECONDS - 5)) as node:
                assert node.latest_milestone().timestamp_seconds == START_SECONDS + 200
            assert check_ledger(tmp_path).problems == []

        run(main())

    def test_two_keys_sign(self, tmp_path: Path) -> None:
        """iota.js 1.8 cannot read a milestone of one key and one parent."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                payload = await milestone_payload(node, 1)
                assert payload.essence.public_keys == COORDINATOR_KEYS
                assert len(payload.signatures) == 2
                verify_milestone(payload, COORDINATOR_KEYS)

        run(main())

    def test_nothing_announces_another_score_or_migrates_funds(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                essence = (await milestone_payload(node, 1)).essence
                assert (essence.next_pow_score, essence.next_pow_score_milestone_index) == (0, 0)
                assert essence.receipt is None

        run(main())

    def test_milestone_over_nothing_has_the_empty_root(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await confirm(node)
                essence = (await milestone_payload(node, 2)).essence
                assert essence.inclusion_merkle_root == inclusion_merkle_root([])
                assert essence.parents == ((await node.milestone(1)).message_id,)

        run(main())

    def test_root_is_that_of_the_included_messages_in_white_flag_order(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                first, ids = _fan_out(10)
                await node.submit(first)
                await confirm(node)
                carriers = [
                    await node.submit(pay({output_id: key(20 + number)}, [give(ALICE, 2 * MI)]))
                    for number, output_id in enumerate(ids)
                ]
                conflicting = await node.submit(pay({ids[0]: key(20)}, [give(BOB, 2 * MI)]))
                await node.submit(data(1))
                plan = await node.issue_milestone()
                included = [
                    pending.message_id
                    for pending in plan.referenced
                    if (await node.metadata(pending.message_id)).inclusion is LedgerInclusion.INCLUDED
                ]
                # Which of the two that spend the same output comes first is up to their ids.
                assert len(included) == 10
                assert set(included) <= {*carriers, conflicting}
                essence = (await milestone_payload(node, 3)).essence
                assert essence.inclusion_merkle_root == inclusion_merkle_root(included)
                assert essence.inclusion_merkle_root != inclusion_merkle_root(sorted(included, reverse=True))

        run(main())


class TestCheckpoints:
    @pytest.mark.parametrize("count", [1, 7, 8, 9, 60, 500])
    def test_flood_of_data_is_confirmed_by_one_milestone(self, tmp_path: Path, count: int) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await asyncio.gather(*(node.submit(data(number)) for number in range(count)))
                plan = await node.issue_milestone()
                assert {(await node.metadata(message_id)).referenced_by for message_id in ids} == {2}
                assert len((await node.message(plan.milestone.message_id)).parents) <= MAX_PARENTS
                for checkpoint in plan.made[:-1]:
                    assert checkpoint.message.payload is None
                    assert (await node.metadata(checkpoint.message_id)).referenced_by == 2
                assert len(node._tangle) == 0
            assert check_ledger(tmp_path).problems == []

        run(main())

    def test_parent_and_child_take_no_checkpoint_apart(self, tmp_path: Path) -> None:
        """A chain has one tip however long it is."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                last = await node.submit(data(0))
                for number in range(1, 20):
                    last = await build_on(node, last, text=bytes([number]))
                plan = await node.issue_milestone()
                assert len(plan.made) == 1
                assert len(plan.referenced) == 20
                assert last in (await node.message(plan.milestone.message_id)).parents

        run(main())

    def test_what_comes_while_a_milestone_is_written_waits_for_the_next(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                early = await node.submit(data(1))
                issuing = asyncio.create_task(confirm(node))
                await asyncio.sleep(0)
                late = await build_on(node, early)
                await issuing
                assert (await node.metadata(early)).referenced_by == 2
                assert (await node.metadata(late)).referenced_by is None
                await confirm(node)
                assert (await node.metadata(late)).referenced_by == 3
            assert check_ledger(tmp_path).problems == []

        run(main())


class TestTransactions:
    def test_several_together_share_one_milestone(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, value_delay_seconds=0.02) as node:
                first, ids = _fan_out(10)
                await node.wait_included(await node.submit(first), timeout_seconds=10)
                before = node.latest_milestone().index
                transfers = [pay({i: key(20 + number)}, [give(ALICE, 2 * MI)]) for number, i in enumerate(ids)]
                carriers = await asyncio.gather(*map(node.submit, transfers))
                found = [await node.wait_included(carrier, timeout_seconds=10) for carrier in carriers]
                assert {metadata.referenced_by for metadata in found} == {before + 1}
                assert {metadata.inclusion for metadata in found} == {LedgerInclusion.INCLUDED}
                assert (await node.balance(ALICE.address)).balance_iota == 20 * MI

        run(main())

    def test_chain_of_waiting_transactions_is_applied_in_order(self, tmp_path: Path) -> None:
        """Each is attached on top of the message whose output it spends, whatever the order of their ids."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                source, owner, carriers = GENESIS_OUTPUT_ID, OPERATOR, []
                for number in range(12):
                    transfer = pay({source: owner}, [give(key(20 + number), TOKEN_SUPPLY_IOTA)])
                    carriers.append(await node.submit(transfer))
                    (source,), owner = transfer.output_ids(), key(20 + number)
                for above, below in zip(carriers[1:], carriers, strict=False):
                    assert below in (await node.message(above)).parents
                await confirm(node)
                outcomes = {(await node.metadata(carrier)).inclusion for carrier in carriers}
                assert outcomes == {LedgerInclusion.INCLUDED}
                assert (await node.balance(owner.address)).balance_iota == TOKEN_SUPPLY_IOTA
            assert check_ledger(tmp_path).problems == []

        run(main())

    def test_transaction_that_spends_several_waiting_outputs_builds_on_all(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                first, ids = _fan_out(5)
                await node.submit(first)
                await confirm(node)
                middle = [pay({i: key(20 + number)}, [give(ALICE, 2 * MI)]) for number, i in enumerate(ids)]
                carriers = [await node.submit(transfer) for transfer in middle]
                last = pay({transfer.output_ids()[0]: ALICE for transfer in middle}, [give(BOB, 10 * MI)])
                message_id = await node.submit(last)
                latest = node.latest_milestone().message_id
                assert (await node.message(message_id)).parents == tuple(sorted([*carriers, latest]))
                await confirm(node)
                assert (await node.metadata(message_id)).inclusion is LedgerInclusion.INCLUDED

        run(main())

    def test_double_spend_is_decided_by_one_of_them(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                carriers = [
                    await node.submit(pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(owner, TOKEN_SUPPLY_IOTA)]))
                    for owner in (ALICE, BOB)
                ]
                await confirm(node)
                found = [await node.metadata(carrier) for carrier in carriers]
                assert sorted(metadata.conflict_reason for metadata in found) == [
                    ConflictReason.NONE,
                    ConflictReason.SPENT_IN_THIS_MILESTONE,
                ]
                held = [(await node.balance(owner.address)).balance_iota for owner in (ALICE, BOB)]
                assert sorted(held) == [0, TOKEN_SUPPLY_IOTA]

        run(main())

    def test_same_transaction_in_two_messages_is_applied_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                transfer = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, TOKEN_SUPPLY_IOTA)])
                first = await node.submit(transfer)
                second = await node.submit(transfer, parents=[first])
                assert second != first
                await confirm(node)
                third = await node.reattach(first)
                await confirm(node)
                found = [(await node.metadata(i)).conflict_reason for i in (first, second, third)]
                assert found == [
                    ConflictReason.NONE,
                    ConflictReason.SPENT_IN_THIS_MILESTONE,
                    ConflictReason.SPENT_EARLIER,
                ]
                assert await node.included_message(transfer.transaction_id()) == first
            assert check_ledger(tmp_path).problems == []

        run(main())


async def _supply(node: EmbeddedNode, owners: list[Any]) -> int:
    return sum([(await node.balance(owner.address)).balance_iota for owner in owners])


@pytest.mark.slow
def test_supply_on_disk_is_whole_after_every_milestone(tmp_path: Path) -> None:
    """Transfers at random, some of them double spends: outputs and balances on disk both add up."""

    async def main() -> None:
        async with running_node(tmp_path) as node:
            first, ids = _fan_out(10, 10 * MI)
            owners = [OPERATOR, *(key(20 + number) for number in range(10))]
            held: dict[bytes, tuple[Any, int]] = {i: (key(20 + n), 10 * MI) for n, i in enumerate(ids)}
            await node.submit(first)
            await confirm(node)
            for turn in range(6):
                made: dict[bytes, tuple[Any, int]] = {}
                for number, (output_id, (owner, amount)) in enumerate(list(held.items())[turn:]):
                    targets = [owners[1 + (number + turn + step) % 10] for step in range(1 + number % 2)]
                    share = amount // len(targets)
                    outputs: list[Output] = [give(target, share) for target in targets]
                    outputs[0] = give(targets[0], amount - share * (len(targets) - 1))
                    transfer = pay({output_id: owner}, outputs)
                    await node.submit(transfer)
                    made |= {
                        i: (next(o for o in targets if o.address == output.address), output.amount_iota)
                        for output, i in output_ids(transfer).items()
                    }
                await confirm(node)
                assert node._store.unspent_sum() == TOKEN_SUPPLY_IOTA
                assert await _supply(node, owners) == TOKEN_SUPPLY_IOTA
                held |= made  # what is spent already stays: later turns try to spend it again
        assert check_ledger(tmp_path).problems == []

    run(main())
