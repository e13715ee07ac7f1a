"""SIGKILL in the middle of buying: nothing paid and not granted, nothing granted and not paid, nothing twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.market.rig import PRICE, open_bank, supply_is_whole
from tests.market.test_money_random import settle_down
from tests.market_fakes import some_account

from datasouk.market.movements import MovementKind

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
ROUNDS = 6


def _run_and_kill(folder: Path, number: int, seconds: float) -> list[str]:
    """Run the process for so long after it has started; returns the lines that it could still write."""
    command = [sys.executable, "-m", "tests.market.buying_process", str(folder), str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("started")
        assert float(first.split()[1]) < 5
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        return process.stdout.read().splitlines()


async def test_d5_kill_9_while_buying_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    drawn = random.Random(4)
    lines: list[str] = []
    for number in range(ROUNDS):
        lines += await asyncio.to_thread(_run_and_kill, tmp_path, number, drawn.uniform(0.2, 0.7))
    bought = {int(line.split()[1]) for line in lines if line.startswith("bought")}
    funded = {int(line.split()[1]) for line in lines if line.startswith("funded")}
    assert len(bought) > 20
    began = time.perf_counter()
    async with open_bank(tmp_path) as bank:
        await settle_down(bank)
        assert time.perf_counter() - began < 5
        device = await bank.store.devices.get("ws-1")
        assert device is not None
        paid_in_all = 0
        removed = {line.split()[1] for line in lines if line.startswith("removed")}
        assert removed
        there = {each.device_id for each in await bank.store.devices.all_listed()}
        assert not there & {f"gone-{number}" for number in removed}
        accounts = await bank.store.users.page("", 100_000)
        earned = 0
        for account in accounts:
            history = await bank.store.settlements.history(account.account_id, limit=1000)
            gone = [each.movement for each in history if each.movement.kind is MovementKind.PURCHASE]
            gone = [each for each in gone if each.device_id != "ws-1"]
            spent = sum(each.amount_iota for each in gone)
            earned += sum(each.amount_iota for each in gone if each.device_id not in there)
            if account == some_account(1):
                paid_out = sum(each.movement.amount_iota for each in history)
                continue
            granted = await bank.store.purchases.get(account.account_id, device.number)
            paid = await bank.store.settlements.purchase(account.account_id, device.number)
            assert (granted is None) == (paid is None)
            balance = await bank.balance(account) + spent
            assert balance in ((2_000_000 - PRICE, 3_000_000 - PRICE) if granted else (0, 2_000_000))
            paid_in_all += PRICE if granted else 0
        assert paid_out == earned > 0
        for number in bought:
            assert await bank.store.purchases.get(some_account(number).account_id, device.number) is not None
        for number in funded:
            assert await bank.balance(some_account(number)) > 0
        assert await bank.device_ledger(device) == 2_000_000 + paid_in_all
    assert supply_is_whole(tmp_path)
