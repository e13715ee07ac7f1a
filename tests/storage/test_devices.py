from pathlib import Path

import pytest
from tests.market_fakes import some_account, some_draft, some_packet, some_wallet
from tests.storage.plans import Recorder, check_no_scan

from datasouk.storage.devices import SqliteDevices
from datasouk.storage.sqlite import SqliteStore

pytestmark = pytest.mark.anyio


async def test_no_lookup_reads_a_whole_table(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    devices = SqliteDevices(recorder)
    await devices.get("a")
    await devices.listed("a")
    with pytest.raises(AssertionError):
        await devices.list_version()
    check_no_scan(tmp_path / "market.db", recorder)
    await recorder.close()


async def test_d13_a_number_is_not_given_again_even_after_a_restart(tmp_path: Path) -> None:
    numbers = []
    for _ in range(3):
        store = SqliteStore.open(tmp_path / "market.db")
        if await store.users.get("account-0001") is None:
            await store.users.add(some_account(), None)
        device = await store.devices.add(some_draft(), b"{}", some_wallet(), quota=5)
        assert device is not None
        numbers.append(device.number)
        await store.devices.begin_removal(device.number, device.owner_id)
        await store.devices.delete(device.number)
        await store.close()
    assert len(set(numbers)) == 3


async def test_a_long_stream_is_deleted_in_several_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasouk.storage.devices._PACKETS_AT_ONCE", 4)
    store = SqliteStore.open(tmp_path / "market.db")
    await store.users.add(some_account(), None)
    kept, removed = [
        await store.devices.add(some_draft(name), b"{}", some_wallet(name), quota=5) for name in ("kept", "removed")
    ]
    assert kept is not None
    assert removed is not None
    for number in range(10):
        for device in (kept, removed):
            await store.streams.add(device.number, some_packet(number), most_at_one_time=1000)
    await store.devices.begin_removal(removed.number, removed.owner_id)
    assert len(await store.streams.after(removed.number, arrival=0, limit=20)) == 10
    await store.devices.delete(removed.number)
    assert await store.streams.after(removed.number, arrival=0, limit=20) == []
    assert len(await store.streams.after(kept.number, arrival=0, limit=20)) == 10
    await store.close()
