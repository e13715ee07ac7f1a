import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.market_fakes import some_account, some_draft, some_packet, some_wallet
from tests.storage.plans import Recorder, check_no_scan

from datasouk.market.errors import TooManyAtOneTime
from datasouk.market.records import Arrival, Device
from datasouk.storage.sqlite import SqliteStore
from datasouk.storage.streams import SqliteStreams

ROOT = Path(__file__).parents[2]
MOST_AT_ONE_TIME = 4


async def open_with_device(path: Path) -> tuple[SqliteStore, Device]:
    store = SqliteStore.open(path)
    await store.users.add(some_account(), None)
    device = await store.devices.add(some_draft(), b"{}", some_wallet(), quota=5)
    assert device is not None
    return store, device


@pytest.mark.anyio
async def test_no_lookup_reads_a_whole_stream(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "market.db")
    streams = SqliteStreams(recorder)
    await streams.page(1, before_ms=5, limit=20)
    await streams.after(1, arrival=5, limit=20)
    await streams.state(1)
    query = "SELECT arrival FROM packet WHERE device = ? AND time_ms = ? AND arrival < ? ORDER BY arrival DESC"
    recorder.queries.append((query, (1, 2, 3)))
    check_no_scan(tmp_path / "market.db", recorder)
    await recorder.close()


class Stream(RuleBasedStateMachine):
    """Packets are added in groups, with times that often agree; the model is a list in order of arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.store, self.device = self.runner.run(open_with_device(Path(self.folder.name) / "market.db"))
        self.model: list[tuple[int, int]] = []

    @rule(packets=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=20))
    def publish(self, packets: list[tuple[int, int]]) -> None:
        async def add() -> list[Arrival | BaseException]:
            adding = (
                self.store.streams.add(
                    self.device.number, some_packet(number, time_ms), most_at_one_time=MOST_AT_ONE_TIME
                )
                for number, time_ms in packets
            )
            return await asyncio.gather(*adding, return_exceptions=True)

        for (number, time_ms), outcome in zip(packets, self.runner.run(add()), strict=True):
            known = [each for each, _ in self.model]
            if number in known:
                assert outcome == Arrival(known.index(number) + 1, is_new=False)
            elif sum(each == time_ms for _, each in self.model) >= MOST_AT_ONE_TIME:
                assert isinstance(outcome, TooManyAtOneTime)
            else:
                self.model.append((number, time_ms))
                assert outcome == Arrival(len(self.model), is_new=True)

    @rule(before=st.integers(0, 14), limit=st.integers(1, 6))
    def page(self, before: int, limit: int) -> None:
        page = self.runner.run(self.store.streams.page(self.device.number, before_ms=before, limit=limit))
        older = sorted(((time, place + 1) for place, (_, time) in enumerate(self.model) if time < before), reverse=True)
        expected = [each for place, each in enumerate(older) if place < limit or each[0] == older[limit - 1][0]]
        assert [(each.time_ms, each.arrival) for each in page] == expected

    @rule(limit=st.integers(1, 5))
    def paging_meets_every_packet_once(self, limit: int) -> None:
        before, met = 100, []
        while page := self.runner.run(self.store.streams.page(self.device.number, before_ms=before, limit=limit)):
            met += [each.arrival for each in page]
            before = page[-1].time_ms
        assert sorted(met) == list(range(1, len(self.model) + 1))

    @invariant()
    def arrivals_have_no_gaps(self) -> None:
        packets = self.runner.run(self.store.streams.after(self.device.number, arrival=0, limit=1000))
        assert [each.arrival for each in packets] == list(range(1, len(self.model) + 1))
        assert [each.time_ms for each in packets] == [time for _, time in self.model]

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()


TestStream = pytest.mark.slow(Stream.TestCase)
TestStream.settings = settings(max_examples=25, stateful_step_count=12)


@pytest.mark.slow
def test_d17_what_was_acknowledged_outlasts_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    acknowledged: dict[int, int] = {}
    for _ in range(3):
        command = [sys.executable, "-m", "tests.storage.publishing", str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(400)]
            process.kill()
            lines += process.stdout.readlines()
        whole = [line.split() for line in lines if line.endswith("\n")]
        assert len(whole) >= 400
        acknowledged |= {int(number): int(arrival) for number, arrival in whole}
        check_stored(path, acknowledged)


def check_stored(path: Path, acknowledged: dict[int, int]) -> None:
    async def stored() -> tuple[dict[str | None, int], int]:
        store = SqliteStore.open(path)
        device = await store.devices.get("ws-1")
        assert device is not None
        packets = await store.streams.after(device.number, arrival=0, limit=10**9)
        state = await store.streams.state(device.number)
        assert state is not None
        await store.close()
        return {each.message_id: each.arrival for each in packets}, state.last_arrival

    arrivals, last = asyncio.run(stored())
    assert sorted(arrivals.values()) == list(range(1, last + 1))
    assert {number: arrivals.get(f"message{number}") for number in acknowledged} == acknowledged
