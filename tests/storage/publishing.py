"""A program that adds packets until it is killed; run as ``python -m tests.storage.publishing DATABASE``.

It prints ``number arrival`` when a packet is acknowledged, so what it printed must outlast it.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from tests.market_fakes import some_account, some_draft, some_packet, some_wallet

from datasouk.storage.sqlite import SqliteStore

_AT_ONCE = 16


async def publish(path: Path) -> None:
    store = SqliteStore.open(path)
    device = await store.devices.get("ws-1")
    if device is None:
        await store.users.add(some_account(), None)
        device = await store.devices.add(some_draft(), b"{}", some_wallet(), quota=5)
        assert device is not None
    state = await store.streams.state(device.number)
    assert state is not None
    numbers = count(state.last_arrival * 2 + 1)

    async def publish_on() -> None:
        for number in numbers:
            arrival = await store.streams.add(device.number, some_packet(number), most_at_one_time=1000)
            assert arrival.is_new
            sys.stdout.write(f"{number} {arrival.number}\n")
            sys.stdout.flush()

    await asyncio.gather(*(publish_on() for _ in range(_AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(publish(Path(sys.argv[1])))
