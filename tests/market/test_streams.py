import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.market_of import Market, market_of, packet, run
from tests.market.test_values import JSON
from tests.market_fakes import START_MS

from datasouk.errors import DatasoukError
from datasouk.market.errors import (
    DeviceNotFound,
    InvalidField,
    InvalidPacket,
    NotPurchased,
    TooManyAtOneTime,
    WrongDeviceSecret,
)
from datasouk.market.records import Arrival
from datasouk.market.rules import Rules
from datasouk.market.streams import Packet, read_before, read_packet
from datasouk.market.users import NewAccount
from datasouk.storage import open_store

AHEAD = 600_000


def read(**changes: Any) -> Packet:
    return read_packet(packet(**changes), now=START_MS, most_ahead_ms=AHEAD)


class TestReadPacket:
    def test_d10_other_fields_are_dropped(self) -> None:
        assert read(extra={"a": 1}) == Packet(START_MS - 999, "ROOT9", "KEY9", "m1")

    @pytest.mark.parametrize("time", [0, "0", 1.7e12, str(START_MS), START_MS + AHEAD])
    def test_d10_time_is_whole_milliseconds(self, time: object) -> None:
        assert read(time=time).time_ms == int(float(str(time)))

    @pytest.mark.parametrize("time", [..., None, "", -1, 1.5, "x", True, [5], "1e3", {}, START_MS + AHEAD + 1, 10**30])
    def test_d10_other_times_are_refused(self, time: object) -> None:
        with pytest.raises(InvalidPacket, match=r"^packet\.time must be"):
            read(time=time)

    def test_d10_a_time_too_far_ahead_names_the_limit(self) -> None:
        with pytest.raises(InvalidPacket, match=f"at most {START_MS + AHEAD}, {AHEAD} ms ahead"):
            read(time=START_MS + AHEAD + 1)

    @pytest.mark.parametrize("name", ["root", "sidekey"])
    @pytest.mark.parametrize("key", ["A", "9" * 81, "abcXYZ019"])
    def test_d10_keys_are_letters_and_digits(self, name: str, key: str) -> None:
        assert key in (read(**{name: key}).root, read(**{name: key}).side_key)

    @pytest.mark.parametrize("name", ["root", "sidekey"])
    @pytest.mark.parametrize("key", [..., None, "", "A" * 82, "A B", "Ä", "A\n", 5, ["A"], "\ud800"])
    def test_d10_other_keys_are_refused(self, name: str, key: object) -> None:
        with pytest.raises(InvalidPacket, match=f"^packet.{name} must be 1 to 81 letters and digits$"):
            read(**{name: key})

    @pytest.mark.parametrize("message_id", [..., None, ""])
    def test_d10_a_message_id_may_be_left_out(self, message_id: object) -> None:
        assert read(messageId=message_id).message_id is None

    @pytest.mark.parametrize("message_id", ["a" * 65, "a-b", 5, ["a"], "m\n"])
    def test_d10_other_message_ids_are_refused(self, message_id: object) -> None:
        with pytest.raises(InvalidPacket, match=r"^packet\.messageId must be 1 to 64 letters and digits"):
            read(messageId=message_id)

    @given(JSON, st.dictionaries(st.sampled_from(["time", "root", "sidekey", "messageId"]), JSON))
    def test_any_json_is_read_or_refused(self, value: object, changes: dict[str, Any]) -> None:
        for sent in (value, packet(**changes)):
            try:
                read_packet(sent, now=START_MS, most_ahead_ms=AHEAD)
            except DatasoukError as error:
                assert str(error).startswith("packet")  # noqa: PT017 - hypothesis draws both kinds

    def test_shows_no_side_key(self) -> None:
        assert "KEY9" not in repr(read())


class TestReadBefore:
    @pytest.mark.parametrize("text", [None, "", "null", "undefined"])
    def test_p4_the_words_for_the_newest_page(self, text: str | None) -> None:
        assert read_before(text) is None

    @pytest.mark.parametrize(("text", "time"), [("0", 0), ("1700000000000", 1_700_000_000_000), ("-5", -5)])
    def test_milliseconds(self, text: str, time: int) -> None:
        assert read_before(text) == time

    @pytest.mark.parametrize("text", ["yesterday", "1.5", "NaN", " 1", "1e3", "٣", "9" * 19, "[object Object]"])
    def test_p4_garbage_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidField, match=r"^time must be whole milliseconds"):
            read_before(text)


@pytest.fixture
def market() -> Market:
    return market_of()


async def with_device(market: Market) -> tuple[NewAccount, str]:
    owner = await market.users.create()
    return owner, (await market.register(owner)).secret


@pytest.mark.anyio
class TestPublish:
    async def test_counts_arrivals(self, market: Market) -> None:
        _, secret = await with_device(market)
        given = [await market.streams.publish("ws-1", secret, packet(number)) for number in (5, 3, 5)]
        assert given == [Arrival(1, is_new=True), Arrival(2, is_new=True), Arrival(1, is_new=False)]
        device = await market.devices.get("ws-1")
        state = await market.streams.state(device)
        assert (state.last_arrival, state.received_ms) == (2, START_MS)

    async def test_d10_with_a_message_id_that_alone_decides(self, market: Market) -> None:
        owner, secret = await with_device(market)
        await market.streams.publish("ws-1", secret, packet(1))
        again = packet(1, time=5, root="OTHER", sidekey="OTHER")
        assert not (await market.streams.publish("ws-1", secret, again)).is_new
        assert [each.root for each in await market.streams.page(owner.account, "ws-1")] == ["ROOT9"]

    async def test_d10_without_one_time_root_and_side_key_decide(self, market: Market) -> None:
        _, secret = await with_device(market)
        variants: list[dict[str, Any]] = [{}, {"time": 5}, {"root": "OTHER"}, {"sidekey": "OTHER"}, {"messageId": "m1"}]
        for changes in variants * 2:
            await market.streams.publish("ws-1", secret, packet(1, **{"messageId": ..., **changes}))
        state = await market.streams.state(await market.devices.get("ws-1"))
        assert state.last_arrival == len(variants)

    async def test_d10_one_root_may_have_many_packets(self, market: Market) -> None:
        _, secret = await with_device(market)
        for number in range(5):
            assert (await market.streams.publish("ws-1", secret, packet(number, time=7))).is_new

    async def test_d10_the_same_packet_of_two_devices_is_two_packets(self, market: Market) -> None:
        owner, secret = await with_device(market)
        other = await market.register(owner, "ws-2")
        assert (await market.streams.publish("ws-1", secret, packet())).is_new
        assert (await market.streams.publish("ws-2", other.secret, packet())).is_new

    async def test_refusals_have_the_recorded_texts(self, market: Market) -> None:
        _, secret = await with_device(market)
        with pytest.raises(DeviceNotFound, match=r"^The device doesn't exist\.$"):
            await market.streams.publish("nothing", secret, packet())
        for wrong in ("f" * 64, "", secret.upper(), secret + "0", "\ud800"):
            with pytest.raises(WrongDeviceSecret, match=r"^Oh noes, your key is incorrect\.$") as refused:
                await market.streams.publish("ws-1", wrong, packet())
            assert secret not in str(refused.value)

    async def test_who_does_not_know_the_secret_learns_nothing_about_packets(self, market: Market) -> None:
        await with_device(market)
        with pytest.raises(WrongDeviceSecret):
            await market.streams.publish("ws-1", "f" * 64, {"time": "rubbish"})

    async def test_the_secret_of_another_device_does_not_do(self, market: Market) -> None:
        owner, _ = await with_device(market)
        other = await market.register(owner, "ws-2")
        with pytest.raises(WrongDeviceSecret):
            await market.streams.publish("ws-1", other.secret, packet())

    async def test_d11_too_many_of_one_time_are_refused(self) -> None:
        market = market_of(rules=Rules(most_at_one_time=3))
        _, secret = await with_device(market)
        for number in range(3):
            await market.streams.publish("ws-1", secret, packet(number, time=7))
        with pytest.raises(TooManyAtOneTime, match=r"packet\.time.* 3 packets"):
            await market.streams.publish("ws-1", secret, packet(3, time=7))

    async def test_d11_the_limit_is_a_thousand(self) -> None:
        assert (Rules().most_at_one_time, Rules().page_packets, Rules().most_ahead_ms) == (1000, 20, AHEAD)

    async def test_d10_the_same_packet_at_once_64_times_is_one(self, tmp_path: Path) -> None:
        market = market_of(await open_store(tmp_path / "market.db"))
        owner, secret = await with_device(market)
        given = await asyncio.gather(*(market.streams.publish("ws-1", secret, packet()) for _ in range(64)))
        assert sorted(given, key=lambda each: each.is_new) == [Arrival(1, False)] * 63 + [Arrival(1, True)]
        assert len(await market.streams.page(owner.account, "ws-1")) == 1
        await market.store.close()


@pytest.mark.anyio
class TestPage:
    async def test_p4_owners_and_buyers_read_and_nobody_else(self, market: Market) -> None:
        owner, secret = await with_device(market)
        buyer, other = await market.users.create(), await market.users.create()
        await market.streams.publish("ws-1", secret, packet())
        await market.purchases.grant(buyer.account, await market.devices.get("ws-1"), price_iota=100)
        expected = [Packet(START_MS - 999, "ROOT9", "KEY9", "m1", 1)]
        assert await market.streams.page(owner.account, "ws-1") == expected
        assert await market.streams.page(buyer.account, "ws-1") == expected
        assert await market.streams.after(buyer.account, "ws-1", arrival=0, limit=5) == expected
        for device_id in ("ws-1", "nothing", "WS-1"):
            for call in (
                market.streams.page(other.account, device_id),
                market.streams.after(other.account, device_id, arrival=0, limit=5),
            ):
                with pytest.raises(NotPurchased):
                    await call

    async def test_p4_pages_of_20_newest_first(self, market: Market) -> None:
        owner, secret = await with_device(market)
        for number in range(47):
            await market.streams.publish("ws-1", secret, packet(number))
        pages, before = [], None
        while page := await market.streams.page(owner.account, "ws-1", before_ms=before):
            pages.append([each.message_id for each in page])
            before = page[-1].time_ms
        assert [len(page) for page in pages] == [20, 20, 7]
        assert [each for page in pages for each in page] == [f"m{number}" for number in reversed(range(47))]

    async def test_d11_a_page_never_splits_a_time(self, market: Market) -> None:
        owner, secret = await with_device(market)
        for number in range(25):
            await market.streams.publish("ws-1", secret, packet(number, time=7))
        await market.streams.publish("ws-1", secret, packet(99, time=6))
        page = await market.streams.page(owner.account, "ws-1")
        assert len(page) == 25
        assert [each.time_ms for each in await market.streams.page(owner.account, "ws-1", before_ms=7)] == [6]

    async def test_the_newest_page_is_new_after_every_arrival_however_old(self, market: Market) -> None:
        owner, secret = await with_device(market)
        for number in (5, 9, 1, 7):
            await market.streams.publish("ws-1", secret, packet(number))
            for _ in range(2):
                page = await market.streams.page(owner.account, "ws-1")
                assert f"m{number}" in [each.message_id for each in page]
        assert [each.message_id for each in page] == ["m9", "m7", "m5", "m1"]

    async def test_an_older_page_is_never_the_newest_one(self, market: Market) -> None:
        owner, secret = await with_device(market)
        for number in range(3):
            await market.streams.publish("ws-1", secret, packet(number))
        newest = await market.streams.page(owner.account, "ws-1")
        older = await market.streams.page(owner.account, "ws-1", before_ms=newest[0].time_ms)
        assert older == newest[1:]
        newest.clear()
        assert len(await market.streams.page(owner.account, "ws-1")) == 3

    async def test_d10_a_packet_ahead_of_the_clock_shows_when_its_time_has_come(self, market: Market) -> None:
        owner, secret = await with_device(market)
        await market.streams.publish("ws-1", secret, packet(1, time=START_MS))
        await market.streams.publish("ws-1", secret, packet(2, time=START_MS + AHEAD))

        async def seen(before_ms: int | None = None) -> list[str | None]:
            page = await market.streams.page(owner.account, "ws-1", before_ms=before_ms)
            return [each.message_id for each in page]

        assert await seen() == await seen(10**15) == ["m1"]
        market.clock.now += AHEAD - 1
        assert await seen() == ["m1"]
        market.clock.now += 1
        assert await seen() == ["m2", "m1"]

    async def test_before_everything_there_is_nothing(self, market: Market) -> None:
        owner, secret = await with_device(market)
        await market.streams.publish("ws-1", secret, packet(1, time=0))
        for before in (0, -5):
            assert await market.streams.page(owner.account, "ws-1", before_ms=before) == []
        assert len(await market.streams.page(owner.account, "ws-1", before_ms=1)) == 1

    async def test_late_packets_are_found_by_arrival(self, market: Market) -> None:
        owner, secret = await with_device(market)
        for number in (50, 10, 40):
            await market.streams.publish("ws-1", secret, packet(number))
        behind = await market.streams.after(owner.account, "ws-1", arrival=1, limit=10)
        assert [(each.arrival, each.message_id) for each in behind] == [(2, "m10"), (3, "m40")]

    async def test_the_state_of_a_device_that_was_removed_is_not_found(self, market: Market) -> None:
        owner, _ = await with_device(market)
        device = await market.devices.get("ws-1")
        await market.devices.remove(owner.account, "ws-1")
        with pytest.raises(DeviceNotFound):
            await market.streams.state(device)


@given(st.lists(st.text("ABC9", min_size=1, max_size=81), min_size=1, max_size=8, unique=True))
def test_every_side_key_comes_back(side_keys: list[str]) -> None:
    async def publish_and_read() -> list[str]:
        market = market_of()
        owner, secret = await with_device(market)
        for number, key in enumerate(side_keys):
            await market.streams.publish("ws-1", secret, packet(number, sidekey=key))
        return [each.side_key for each in await market.streams.page(owner.account, "ws-1")]

    assert run(publish_and_read()) == side_keys[::-1]
