from pathlib import Path

import pytest
from tests.node.running import START_SECONDS, Clock, build_on, confirm, data, run, running_node

from datasouk.ledger import GENESIS_MESSAGE_ID
from datasouk.ledger.answers import NodeRefused

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
