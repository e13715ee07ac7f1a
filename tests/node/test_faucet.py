import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.node.running import OPERATOR, Clock, confirm, run, running_node
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, output_ids, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA, Transaction
from datasouk.ledger.answers import NodeRefused, NodeUnavailable
from datasouk.node import faucet as faucet_module
from datasouk.node.checking import check_ledger
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.faucet import Faucet
from datasouk.node.settings import FaucetSettings

MI = 1_000_000
GIFT = 10 * MI


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds between attempts are too long for a test."""
    monkeypatch.setattr(faucet_module, "_RETRY_SECONDS", 0.005)


@asynccontextmanager
async def _running(node: EmbeddedNode, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Faucet]:
    faucet = Faucet(node, OPERATOR, FaucetSettings(**settings), clock=clock or Clock())
    faucet.start()
    try:
        yield faucet
    finally:
        await faucet.close()


async def _until_paid(node: EmbeddedNode, *numbers: int, amount: int = GIFT) -> None:
    """Wait until these keys hold their gift."""
    async with asyncio.timeout(20):
        for number in numbers:
            while (await node.balance(key(number).address)).balance_iota < amount:
                await asyncio.sleep(0.002)


def _transactions(node: EmbeddedNode) -> int:
    return int(node._store._all("SELECT count(*) FROM included")[0][0])


LIVELY: dict[str, Any] = {"milestone_seconds": 5.0, "value_delay_seconds": 0.001}


class TestPaying:
    def test_who_asks_is_paid(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node, _running(node) as faucet:
                assert await faucet.info() == (OPERATOR.address, TOKEN_SUPPLY_IOTA)
                assert await faucet.enqueue(key(20).address) == 1
                await _until_paid(node, 20)
                assert await faucet.info() == (OPERATOR.address, TOKEN_SUPPLY_IOTA - GIFT)

        run(main())

    def test_many_are_paid_by_one_transaction(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node, _running(node, requests_per_minute=200) as faucet:
                waiting = [await faucet.enqueue(key(number).address) for number in range(20, 120)]
                assert waiting == list(range(1, 101))
                await _until_paid(node, *range(20, 120))
                assert _transactions(node) == 1
            assert check_ledger(tmp_path).problems == []

        run(main())

    def test_more_than_fit_are_paid_in_turn(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node, _running(node, requests_per_minute=200) as faucet:
                for number in range(20, 150):
                    await faucet.enqueue(key(number).address)
                await _until_paid(node, *range(20, 150))
                assert _transactions(node) == 2

        run(main())

    def test_next_request_of_the_same_address_is_paid_as_well(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node, _running(node) as faucet:
                for times in (1, 2):
                    await faucet.enqueue(key(20).address)
                    await _until_paid(node, 20, amount=times * GIFT)
                    await _idle(faucet)
                with pytest.raises(NodeRefused, match="holds 20000000 i"):
                    await faucet.enqueue(key(20).address)

        run(main())

    def test_last_tokens_leave_no_dust_behind(self, tmp_path: Path) -> None:
        """What is left over is either nothing or a million at least; dust would be refused."""

        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node:
                keep = GIFT + 5
                await node.wait_included(
                    await node.submit(
                        pay(
                            {GENESIS_OUTPUT_ID: OPERATOR},
                            [give(key(9), TOKEN_SUPPLY_IOTA - keep), give(OPERATOR, keep)],
                        )
                    ),
                    timeout_seconds=10,
                )
                async with _running(node) as faucet:
                    await faucet.enqueue(key(20).address)
                    await asyncio.sleep(0.03)
                    assert (await node.balance(key(20).address)).balance_iota == 0
                    await node.submit(
                        pay(
                            {await _only_output(node): key(9)},
                            [give(key(9), TOKEN_SUPPLY_IOTA - keep - 2 * MI), give(OPERATOR, 2 * MI)],
                        )
                    )
                    await _until_paid(node, 20)
                    assert (await faucet.info())[1] == 2 * MI + 5

        async def _only_output(node: EmbeddedNode) -> bytes:
            (found,) = await node.outputs(key(9).address)
            return found

        run(main())


async def _idle(faucet: Faucet) -> None:
    """Wait until the faucet has noticed that it has paid."""
    async with asyncio.timeout(10):
        while faucet._paying or faucet._waiting:
            await asyncio.sleep(0.002)


class TestRefusals:
    def test_address_that_waits_already(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node, _running(node) as faucet:
                await faucet.enqueue(key(20).address)
                with pytest.raises(NodeRefused, match="already waiting"):
                    await faucet.enqueue(key(20).address)
                await asyncio.sleep(0.01)  # it is being paid now, and no milestone comes
                with pytest.raises(NodeRefused, match="already waiting"):
                    await faucet.enqueue(key(20).address)
                assert await faucet.enqueue(key(21).address) == 2

        run(main())

    @pytest.mark.parametrize(("held", "refused"), [(5 * MI - 1, False), (5 * MI, True)])
    def test_address_that_holds_enough(self, tmp_path: Path, held: int, refused: bool) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await node.submit(
                    pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(key(20), held), give(OPERATOR, TOKEN_SUPPLY_IOTA - held)])
                )
                await confirm(node)
                faucet = Faucet(node, OPERATOR, FaucetSettings(richest_iota=5 * MI))
                if refused:
                    with pytest.raises(NodeRefused, match="holds 5000000 i, from 5000000 i on nothing is given"):
                        await faucet.enqueue(key(20).address)
                else:
                    assert await faucet.enqueue(key(20).address) == 1

        run(main())

    def test_address_of_the_faucet_itself(self, tmp_path: Path) -> None:
        """Even a poor faucet: two outputs for one address make no transaction."""

        async def main() -> None:
            async with running_node(tmp_path) as node:
                faucet = Faucet(node, OPERATOR, FaucetSettings(richest_iota=TOKEN_SUPPLY_IOTA + 1))
                with pytest.raises(NodeRefused, match="the faucet itself"):
                    await faucet.enqueue(OPERATOR.address)

        run(main())

    def test_full_queue(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                faucet = Faucet(node, OPERATOR, FaucetSettings(most_waiting=3))
                for number in range(20, 23):
                    await faucet.enqueue(key(number).address)
                with pytest.raises(NodeUnavailable, match="3 requests wait"):
                    await faucet.enqueue(key(23).address)

        run(main())

    def test_too_many_a_minute_counts_those_that_were_accepted(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                clock = Clock(0)
                faucet = Faucet(node, OPERATOR, FaucetSettings(requests_per_minute=2), clock=clock)
                await faucet.enqueue(key(20).address)
                clock.now = 30
                with pytest.raises(NodeRefused):
                    await faucet.enqueue(key(20).address)
                await faucet.enqueue(key(21).address)
                for now in (30, 59.9):
                    clock.now = now
                    with pytest.raises(NodeUnavailable, match="more than 2 requests a minute"):
                        await faucet.enqueue(key(22).address)
                clock.now = 60
                await faucet.enqueue(key(22).address)
                with pytest.raises(NodeUnavailable):
                    await faucet.enqueue(key(23).address)
                clock.now = 90
                await faucet.enqueue(key(23).address)

        run(main())


class TestTroubles:
    def test_conflict_is_tried_again(self, tmp_path: Path) -> None:
        """The operator's own payment is confirmed first, so the faucet's inputs are gone."""

        async def main() -> None:
            async with running_node(tmp_path) as node, _running(node) as faucet:
                own = pay(
                    {GENESIS_OUTPUT_ID: OPERATOR}, [give(key(9), 5 * MI), give(OPERATOR, TOKEN_SUPPLY_IOTA - 5 * MI)]
                )
                first = await node.submit(own)
                real = node.submit

                async def submit(payload: Transaction) -> bytes:
                    # Above the operator's payment, so that white flag comes to that one first.
                    node.submit = real  # type: ignore[method-assign]
                    return await real(payload, parents=[first])

                node.submit = submit  # type: ignore[assignment, method-assign]
                await faucet.enqueue(key(20).address)
                while len(node._tangle) < 2:
                    await asyncio.sleep(0.001)
                await confirm(node)
                assert (await node.balance(key(20).address)).balance_iota == 0
                while not len(node._tangle):
                    await asyncio.sleep(0.001)
                await confirm(node)
                assert (await node.balance(key(20).address)).balance_iota == GIFT
                await _idle(faucet)
            assert check_ledger(tmp_path).problems == []

        run(main())

    def test_empty_faucet_says_so_and_pays_when_it_is_filled(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node, _running(node) as faucet:
                everything = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(key(9), TOKEN_SUPPLY_IOTA)])
                await node.wait_included(await node.submit(everything), timeout_seconds=10)
                await faucet.enqueue(key(20).address)
                await asyncio.sleep(0.02)
                source = output_ids(everything)[give(key(9), TOKEN_SUPPLY_IOTA)]
                await node.submit(
                    pay({source: key(9)}, [give(OPERATOR, 50 * MI), give(key(9), TOKEN_SUPPLY_IOTA - 50 * MI)])
                )
                await _until_paid(node, 20)

        with caplog.at_level(logging.WARNING):
            run(main())
        assert "the faucet has 0 i, one request is 10000000 i" in caplog.text

    def test_node_that_is_unavailable_does_not_end_the_paying(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            async with running_node(tmp_path, **LIVELY) as node, _running(node) as faucet:
                real = node.submit

                async def submit(payload: Transaction) -> bytes:
                    node.submit = real  # type: ignore[method-assign]
                    raise NodeUnavailable("just now")

                node.submit = submit  # type: ignore[assignment, method-assign]
                await faucet.enqueue(key(20).address)
                await _until_paid(node, 20)

        with caplog.at_level(logging.WARNING):
            run(main())
        assert "the faucet could not pay: just now" in caplog.text


class TestClose:
    def test_while_it_waits_for_a_milestone(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                async with _running(node) as faucet:
                    await faucet.enqueue(key(20).address)
                    while not len(node._tangle):
                        await asyncio.sleep(0.001)
                assert node._waiting == {}

        run(main())

    def test_before_it_was_started(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                await Faucet(node, OPERATOR, FaucetSettings()).close()

        run(main())


def test_an_amount_that_would_be_dust_is_refused() -> None:
    with pytest.raises(ValueError, match="amount_iota is 999999, it must be at least 1000000"):
        FaucetSettings(amount_iota=999_999)


def test_what_is_left_pays_as_many_as_it_lasts_for(tmp_path: Path) -> None:
    """Three ask, two can be paid: those two do not wait for the third."""

    async def scenario() -> None:
        settings = FaucetSettings(amount_iota=10 * MI)
        async with running_node(tmp_path, value_delay_seconds=0.01) as node:
            rest = pay(
                {GENESIS_OUTPUT_ID: OPERATOR}, [give(OPERATOR, 25 * MI), give(key(99), TOKEN_SUPPLY_IOTA - 25 * MI)]
            )
            await node.submit(rest)
            await confirm(node)
            faucet = Faucet(node, OPERATOR, settings)
            asking = [key(number).address for number in (50, 51, 52)]
            for address in asking:
                await faucet.enqueue(address)
            faucet.start()
            async with asyncio.timeout(20):
                while (await faucet.info())[1] > 5 * MI:
                    await asyncio.sleep(0.01)
            await faucet.close()
            balances = [(await node.balance(address)).balance_iota for address in asking]
            assert balances == [10 * MI, 10 * MI, 0]

    run(scenario())
