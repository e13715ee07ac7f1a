import asyncio
from pathlib import Path

import pytest
from tests.node.running import (
    COORDINATOR_KEYS,
    OPERATOR,
    START_SECONDS,
    Clock,
    build_on,
    confirm,
    data,
    run,
    running_node,
)
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, pay

from datasouk import __version__
from datasouk.ledger import (
    GENESIS_MESSAGE_ID,
    TOKEN_SUPPLY_IOTA,
    Indexation,
    Message,
    MessageDraft,
    Transaction,
    compute_network_id,
)
from datasouk.ledger.answers import (
    NodeRefused,
    NotInLedger,
)
from datasouk.node.embedded import EmbeddedNode

ALICE, BOB = key(2), key(3)
MI = 1_000_000
UNKNOWN = bytes([0xAB]) * 32


def _spend_genesis(amount: int = 10 * MI) -> Transaction:
    return pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, amount), give(OPERATOR, TOKEN_SUPPLY_IOTA - amount)])


def _count(node: EmbeddedNode) -> int:
    return node._store.message_count()


class TestGenesis:
    def test_operator_owns_the_whole_supply(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                assert node.operator_key.address == OPERATOR.address
                assert (await node.balance(OPERATOR.address)).balance_iota == TOKEN_SUPPLY_IOTA
                assert await node.outputs(OPERATOR.address) == [GENESIS_OUTPUT_ID]
                genesis = await node.output(GENESIS_OUTPUT_ID)
                assert (genesis.output, genesis.message_id) == (
                    give(OPERATOR, TOKEN_SUPPLY_IOTA),
                    GENESIS_MESSAGE_ID,
                )
                assert not genesis.is_spent

        run(main())

    def test_first_milestone_builds_on_it(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                first = await node.milestone(1)
                assert first == node.latest_milestone()
                assert (await node.message(first.message_id)).parents == (GENESIS_MESSAGE_ID,)
                assert await node.children(GENESIS_MESSAGE_ID) == [first.message_id]

        run(main())

    def test_genesis_message_itself_is_not_there(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NotInLedger, match="message not found: 0000"):
                    await node.message(GENESIS_MESSAGE_ID)
                with pytest.raises(NotInLedger, match="milestone not found: 0"):
                    await node.milestone(0)

        run(main())


class TestInfo:
    def test_state_of_a_new_node(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, network_name="souk", bech32_hrp="iota", min_pow_score=0) as node:
                info = await node.info()
                assert (info.name, info.version, info.network_name) == ("datasouk", __version__, "souk")
                assert (info.bech32_hrp, info.min_pow_score, info.is_healthy) == ("iota", 0, True)
                assert (info.latest_milestone_index, info.confirmed_milestone_index) == (1, 1)
                assert info.latest_milestone_timestamp == START_SECONDS
                assert info.features == ("PoW",)
                assert await node.coordinator_keys() == COORDINATOR_KEYS

        run(main())

    def test_node_without_milestones_for_too_long_is_not_healthy(self, tmp_path: Path) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock, milestone_seconds=10) as node:
                clock.now += 65
                assert node.is_healthy
                clock.now += 1
                assert not node.is_healthy
                await confirm(node)
                assert (await node.info()).is_healthy

        run(main())


class TestSubmit:
    def test_message_can_be_read_at_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                message = await node.message(message_id)
                assert message.message_id() == message_id
                assert message.payload == data(1)
                assert message.network_id == compute_network_id("datasouk")
                assert await node.raw(message_id) == message.to_bytes()
                assert await node.find(b"sensor") == [message_id]

        run(main())

    def test_node_puts_data_right_under_the_latest_milestone(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = [await node.submit(data(number)) for number in range(3)]
                latest = node.latest_milestone().message_id
                assert {(await node.message(message_id)).parents for message_id in ids} == {(latest,)}
                assert await node.tips() == (latest,)
                assert await node.children(latest) == ids

        run(main())

    def test_message_without_payload(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                assert (await node.message(await node.submit(None))).payload is None

        run(main())

    def test_given_parents_are_kept_sorted_and_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                parents = [await node.submit(data(number)) for number in range(8)]
                message_id = await node.submit(data(9), parents=[*reversed(parents), parents[0]])
                assert (await node.message(message_id)).parents == tuple(sorted(parents))
                assert await node.children(parents[3]) == [message_id]

        run(main())

    def test_too_long_payload_is_refused(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NodeRefused, match="message length"):
                    await node.submit(Indexation(b"xy", bytes(32_704)))
                assert _count(node) == 1

        run(main())

    @pytest.mark.parametrize("parents", [[], [b"short"], [bytes([n]) * 32 for n in range(9)]])
    def test_impossible_parents_are_refused(self, tmp_path: Path, parents: list[bytes]) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NodeRefused):
                    await node.submit(data(1), parents=parents)

        run(main())

    def test_message_for_another_network_is_refused(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                with pytest.raises(NodeRefused, match="network id is 12345, this network's is"):
                    await node.submit_draft(MessageDraft(network_id=12345, payload=data(1)))

        run(main())

    def test_complete_message_is_taken_byte_by_byte(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message = Message(
                    compute_network_id("datasouk"), (GENESIS_MESSAGE_ID,), payload=data(1), nonce=2**64 - 1
                )
                message_id = await node.submit_draft(MessageDraft.from_bytes(message.to_bytes()))
                assert await node.raw(message_id) == message.to_bytes()

        run(main())

    def test_milestone_payload_that_is_sent_again_is_no_milestone(self, tmp_path: Path) -> None:
        """Signatures cover the payload only, so anybody can wrap a coordinator's milestone in another message."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                original = await node.message(node.latest_milestone().message_id)
                draft = MessageDraft(
                    network_id=original.network_id, parents=original.parents, payload=original.payload, nonce=7
                )
                copy = await node.submit_draft(draft)
                await confirm(node)
                assert (await node.metadata(copy)).milestone_index is None
                assert (await node.milestone(1)).message_id == original.message_id()

        run(main())


class TestDuplicates:
    def test_message_sent_twice_is_stored_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                first = await node.submit(data(1), parents=[GENESIS_MESSAGE_ID])
                assert await node.submit(data(1), parents=[GENESIS_MESSAGE_ID]) == first
                await confirm(node)
                assert await node.submit(data(1), parents=[GENESIS_MESSAGE_ID]) == first
                assert await node.find(b"sensor") == [first]

        run(main())

    def test_message_sent_many_times_at_once_is_stored_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await asyncio.gather(*(node.submit(data(1)) for _ in range(50)))
                assert len(set(ids)) == 1
                assert await node.find(b"sensor") == [ids[0]]
                assert _count(node) == 2

        run(main())

    def test_known_message_is_welcome_even_if_its_parents_are_not_any_more(self, tmp_path: Path) -> None:
        async def main() -> None:
            clock = Clock()
            async with running_node(tmp_path, clock=clock) as node:
                parent = await node.submit(data(1))
                child = await build_on(node, parent)
                await confirm(node)
                clock.now += node.settings.max_depth_seconds + 1
                await confirm(node)
                assert await build_on(node, parent) == child
                with pytest.raises(NodeRefused, match="below max depth"):
                    await build_on(node, parent, text=b"new")

        run(main())

    def test_reattached_payload_gets_another_message(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                first = await node.submit(data(1))
                await confirm(node)
                second = await node.reattach(first)
                assert second != first
                assert await node.find(b"sensor") == [first, second]
                with pytest.raises(NotInLedger):
                    await node.reattach(UNKNOWN)

        run(main())


class TestCallersThatGiveUp:
    def test_message_of_a_cancelled_caller_is_confirmed_like_any_other(self, tmp_path: Path) -> None:
        """It is on its way to the disk and cannot be called back."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                caller = asyncio.create_task(node.submit(data(1)))
                await asyncio.sleep(0)
                caller.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await caller
                # The next one shares the group, or comes after it.
                message_id = await node.submit(data(1))
                await confirm(node)
                assert (await node.metadata(message_id)).referenced_by == 2
                assert await node.find(b"sensor") == [message_id]

        run(main())

    def test_cancelled_caller_does_not_take_the_others_along(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                callers = [asyncio.create_task(node.submit(data(1))) for _ in range(3)]
                await asyncio.sleep(0)
                callers[0].cancel()
                first, *others = await asyncio.gather(*callers, return_exceptions=True)
                assert isinstance(first, asyncio.CancelledError)
                assert others == await node.find(b"sensor") * 2

        run(main())
