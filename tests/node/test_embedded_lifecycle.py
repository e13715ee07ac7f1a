"""Beginning, ending, and beginning again."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.node.running import (
    NEVER,
    OPERATOR,
    confirm,
    data,
    database,
    run,
    running_node,
    write_keys,
)
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA
from datasouk.ledger.answers import LedgerInclusion, MilestoneInfo, NodeUnavailable
from datasouk.node.checking import check_ledger
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.errors import BrokenLedger
from datasouk.node.milestones import Coordinator
from datasouk.node.settings import NodeSettings

ALICE, BOB = key(2), key(3)
MI = 1_000_000


def _transfer(amount: int) -> Any:
    return pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, amount), give(OPERATOR, TOKEN_SUPPLY_IOTA - amount)])


class TestRestart:
    def test_waiting_messages_are_confirmed_at_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                ids = [await node.submit(data(number)) for number in range(20)]
                carrier = await node.submit(_transfer(10 * MI))
                assert (await node.metadata(ids[0])).referenced_by is None
            async with running_node(tmp_path) as node:
                assert {(await node.metadata(message_id)).referenced_by for message_id in ids} == {2}
                assert (await node.metadata(carrier)).inclusion is LedgerInclusion.INCLUDED
                assert (await node.balance(ALICE.address)).balance_iota == 10 * MI
            assert check_ledger(tmp_path).problems == []

        run(main())

    def test_waiting_graph_keeps_its_shape(self, tmp_path: Path) -> None:
        """A transfer that spends another one's output comes after it in the next life as well."""

        async def main() -> None:
            first = _transfer(TOKEN_SUPPLY_IOTA - MI)
            spent = next(i for i in range(2) if first.essence.outputs[i].address == ALICE.address)
            second = pay({first.output_ids()[spent]: ALICE}, [give(BOB, TOKEN_SUPPLY_IOTA - MI)])
            async with running_node(tmp_path) as node:
                await node.submit(first)
                carrier = await node.submit(second)
            async with running_node(tmp_path) as node:
                assert (await node.metadata(carrier)).inclusion is LedgerInclusion.INCLUDED

        run(main())

    def test_milestones_go_on_where_they_were(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await confirm(node)
                last = node.latest_milestone()
            async with running_node(tmp_path) as node:
                assert node.latest_milestone().index == last.index + 1
                assert await node.milestone(last.index) == last
                assert (await node.message(node.latest_milestone().message_id)).parents == (last.message_id,)

        run(main())

    def test_nothing_is_forgotten(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                await node.submit(_transfer(10 * MI))
                await confirm(node)
                before = (
                    await node.raw(message_id),
                    await node.metadata(message_id),
                    await node.outputs(OPERATOR.address, include_spent=True),
                    await node.utxo_changes(2),
                )
            async with running_node(tmp_path) as node:
                assert before == (
                    await node.raw(message_id),
                    await node.metadata(message_id),
                    await node.outputs(OPERATOR.address, include_spent=True),
                    await node.utxo_changes(2),
                )

        run(main())

    def test_start_that_fails_lets_go_of_the_database(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
            with database(tmp_path) as connection:
                connection.execute("UPDATE message SET raw = x'00' WHERE id = ?", (message_id,))
            node = EmbeddedNode(tmp_path)
            with pytest.raises(BrokenLedger, match="message length"):
                await node.start()
            assert node._database.writer._thread.is_alive() is False

        run(main())


class TestClose:
    def test_in_the_middle_of_a_rush_keeps_what_was_acknowledged(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, milestone_seconds=0.01, value_delay_seconds=0.0) as node:
                tasks = [asyncio.create_task(node.submit(data(number))) for number in range(500)]
                tasks.append(asyncio.create_task(node.submit(_transfer(10 * MI))))
                await tasks[100]
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            acknowledged = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
            assert {type(outcome) for outcome in outcomes} <= {bytes, NodeUnavailable}
            assert len(acknowledged) > 100
            async with running_node(tmp_path) as node:
                for message_id in acknowledged:
                    assert (await node.metadata(message_id)).referenced_by is not None
            assert check_ledger(tmp_path).problems == []

        run(main())

    @pytest.mark.parametrize("turns", range(6))
    def test_at_the_moment_a_transaction_comes_in(self, tmp_path: Path, turns: int) -> None:
        """The wish for a milestone and the end come together; the end must not be overlooked."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                await asyncio.sleep(0)
                await node.submit(_transfer(10 * MI))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await asyncio.wait_for(node.close(), 10)

        run(main())

    def test_who_waits_for_a_milestone_is_told(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                message_id = await node.submit(data(1))
                waiter = asyncio.create_task(node.wait_included(message_id, timeout_seconds=NEVER))
                await asyncio.sleep(0)
            with pytest.raises(NodeUnavailable, match="closing"):
                await waiter

        run(main())

    def test_closed_node_takes_nothing(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                pass
            for call in (
                node.submit(data(1)),
                node.find(b"sensor"),
                node.milestone(1),
                node.balance(node.operator_key.address),
            ):
                with pytest.raises(NodeUnavailable, match="closed"):
                    await call

        run(main())

    def test_twice_is_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await node.close()

        run(main())


class TestIssuing:
    def test_milestones_come_by_themselves(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, milestone_seconds=0.005) as node:
                message_id = await node.submit(data(1))
                assert (await node.wait_included(message_id, timeout_seconds=10)).referenced_by is not None

        run(main())

    def test_transaction_brings_one_without_waiting_for_the_next_turn(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, value_delay_seconds=0.001) as node:
                message_id = await node.submit(_transfer(10 * MI))
                found = await node.wait_included(message_id, timeout_seconds=10)
                assert (found.referenced_by, found.inclusion) == (2, LedgerInclusion.INCLUDED)

        run(main())

    def test_data_brings_none_until_there_is_much_of_it(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, value_delay_seconds=0.001, most_pending=5) as node:
                ids = [await node.submit(data(number)) for number in range(4)]
                await asyncio.sleep(0.02)
                assert node.latest_milestone().index == 1
                ids.append(await node.submit(data(4)))
                await node.wait_included(ids[-1], timeout_seconds=10)
                assert {(await node.metadata(message_id)).referenced_by for message_id in ids} == {2}

        run(main())

    def test_milestone_that_cannot_be_made_does_not_end_the_milestones(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        real_plan, real_sleep = Coordinator.plan, asyncio.sleep
        failures: list[str] = []

        async def plan(self: Coordinator, *arguments: Any) -> Any:
            if arguments[1].index == 1 and not failures:
                failures.append("once")
                raise RuntimeError("out of luck")
            return await real_plan(self, *arguments)

        async def main() -> None:
            monkeypatch.setattr(Coordinator, "plan", plan)
            monkeypatch.setattr(asyncio, "sleep", lambda seconds: real_sleep(min(seconds, 0.001)))
            async with running_node(tmp_path, milestone_seconds=0.005) as node:
                message_id = await node.submit(data(1))
                await node.wait_included(message_id, timeout_seconds=10)

        with caplog.at_level(logging.ERROR):
            run(main())
        assert failures == ["once"]
        assert "no milestone could be issued" in caplog.text

    def test_default_settings_and_new_keys(self, tmp_path: Path) -> None:
        """Nothing but the folder's name is needed."""

        async def main() -> None:
            node = EmbeddedNode(tmp_path / "a" / "b")
            await node.start()
            assert (await node.info()).features == ("PoW", "Faucet")
            assert isinstance(node.latest_milestone(), MilestoneInfo)
            await node.close()

        run(main())

    def test_settings_are_kept(self, tmp_path: Path) -> None:
        write_keys(tmp_path)
        settings = NodeSettings(network_name="souk")
        assert EmbeddedNode(tmp_path, settings).settings is settings
