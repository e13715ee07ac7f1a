import asyncio
from pathlib import Path

import pytest
from tests.node.running import COORDINATOR_KEYS, build_on, confirm, data, run, running_node

from datasouk.ledger import Indexation, Message, Milestone
from datasouk.ledger.answers import NotInLedger
from datasouk.ledger.inclusion import MAX_PATH_STEPS, Inclusion, verify_inclusion
from datasouk.node.embedded import EmbeddedNode

UNKNOWN = bytes([0xAB]) * 32


async def _chain(node: EmbeddedNode, length: int, size: int = 0) -> list[bytes]:
    """Messages on top of each other, the lowest first."""
    ids = [await node.submit(data(0))]
    for number in range(1, length):
        ids.append(await build_on(node, ids[-1], text=number.to_bytes(2, "big") + bytes(size)))
    return ids


class TestFlood:
    @pytest.mark.parametrize(
        ("count", "steps"), [(1, 0), (7, 0), (8, 1), (50, 1), pytest.param(520, 3, marks=pytest.mark.slow)]
    )
    def test_every_message_has_a_path_under_two_kilobytes(self, tmp_path: Path, count: int, steps: int) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await asyncio.gather(*(node.submit(data(n), parents=None) for n in range(count)))
                milestone = await confirm(node)
                longest = 0
                for message_id in ids:
                    path = await node.inclusion_path(message_id)
                    assert verify_inclusion(path, message_id, COORDINATOR_KEYS) == Inclusion(
                        message_id, milestone.index, milestone.timestamp_seconds
                    )
                    assert path.size_bytes < 2048
                    longest = max(longest, len(path.steps))
                assert longest == steps

        run(main())

    def test_large_payloads_of_others_are_not_dragged_along(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = [await node.submit(Indexation(b"large", bytes([n]) * 20_000)) for n in range(20)]
                await confirm(node)
                for message_id in ids:
                    path = await node.inclusion_path(message_id)
                    assert path.size_bytes < 1342
                    steps = [Message.from_bytes(step) for step in path.steps]
                    assert [step.payload for step in steps] == [None] * len(steps)

        run(main())

    def test_path_stays_the_same_when_the_ledger_grows(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = [await node.submit(data(number)) for number in range(10)]
                await confirm(node)
                before = [await node.inclusion_path(message_id) for message_id in ids]
                await build_on(node, *ids[:8])
                await confirm(node)
                assert before == [await node.inclusion_path(message_id) for message_id in ids]

        run(main())


class TestChosenParents:
    def test_message_below_others_has_a_path_through_them(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await _chain(node, 5)
                milestone = await confirm(node)
                for position, message_id in enumerate(ids):
                    path = await node.inclusion_path(message_id)
                    assert [Message.from_bytes(step).message_id() for step in path.steps] == ids[:position:-1]
                    assert verify_inclusion(path, message_id, COORDINATOR_KEYS).milestone_index == milestone.index

        run(main())

    def test_shortest_way_is_taken(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await _chain(node, 6)
                short = await build_on(node, ids[0], text=b"short cut")
                await confirm(node)
                path = await node.inclusion_path(ids[0])
                assert [Message.from_bytes(step).message_id() for step in path.steps] == [short]

        run(main())

    def test_child_that_a_later_milestone_references_is_no_way(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                below = await node.submit(data(1))
                await confirm(node)
                above = await build_on(node, below)
                await confirm(node)
                assert (await node.inclusion_path(below)).steps == ()
                found = verify_inclusion(await node.inclusion_path(above), above, COORDINATOR_KEYS)
                assert found.milestone_index == 3

        run(main())

    def test_longest_path_and_one_step_more(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await _chain(node, MAX_PATH_STEPS + 2)
                await confirm(node)
                path = await node.inclusion_path(ids[1])
                assert len(path.steps) == MAX_PATH_STEPS
                verify_inclusion(path, ids[1], COORDINATOR_KEYS)
                with pytest.raises(NotInLedger, match="path of at most 64 messages to"):
                    await node.inclusion_path(ids[0])

        run(main())

    def test_path_of_too_many_bytes(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = await _chain(node, 10, 32_000)
                await confirm(node)
                await node.inclusion_path(ids[2])
                with pytest.raises(NotInLedger, match="path of at most 262144 bytes to"):
                    await node.inclusion_path(ids[0])

        run(main())


class TestNothingToProve:
    def test_unknown_waiting_and_milestone_messages(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                waiting = await node.submit(data(1))
                for message_id in (UNKNOWN, waiting):
                    with pytest.raises(NotInLedger, match="milestone over message not found"):
                        await node.inclusion_path(message_id)
                with pytest.raises(NotInLedger, match="which proves itself"):
                    await node.inclusion_path(node.latest_milestone().message_id)

        run(main())

    def test_checkpoints_have_paths_like_all_others(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                for number in range(60):
                    await node.submit(data(number))
                plan = await node.issue_milestone()
                assert isinstance(plan.made[-1].message.payload, Milestone)
                for checkpoint in plan.made[:-1]:
                    path = await node.inclusion_path(checkpoint.message_id)
                    verify_inclusion(path, checkpoint.message_id, COORDINATOR_KEYS)

        run(main())
