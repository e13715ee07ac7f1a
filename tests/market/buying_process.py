"""A process that buys in a loop and says what was acknowledged, until it is killed: for test_settlement_kill.py."""

import asyncio
import sys
import time
from pathlib import Path

from tests.market.rig import PRICE, open_bank


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def _main(folder: Path, round_number: int) -> None:
    began = time.perf_counter()
    async with open_bank(folder) as bank:
        if await bank.store.devices.get("ws-1") is None:
            await bank.device()
        first = 10 + 10_000 * round_number
        _say("started", time.perf_counter() - began)

        async def live(number: int) -> None:
            while True:
                account = await bank.account(number)
                _say("funded", number)
                assert await bank.buy(account) == PRICE
                _say("bought", number)
                if number % 8 == 2:
                    await come_and_go(number)
                number += 8

        async def come_and_go(number: int) -> None:
            """A device of account 1 that sells one stream and is removed."""
            device = await bank.device(f"gone-{number}")
            assert await bank.buy(await bank.account(number), device.device_id) == PRICE
            await bank.remove(device)
            _say("removed", number)

        await asyncio.gather(*(live(first + place) for place in range(8)))


asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
