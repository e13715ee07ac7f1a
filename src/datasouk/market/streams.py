"""Streams: publishing packets and reading them (P4, P7; decisions D10, D11).

What identifies a packet (D10): its message id; without one its time, root and side key together.  The root alone does
not: the published sample makes all packets of a run under one root.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from datasouk.market.errors import DeviceNotFound, InvalidField, InvalidPacket, NotPurchased, WrongDeviceSecret
from datasouk.market.ids import Clock, now_ms
from datasouk.market.ports import Store
from datasouk.market.purchases import Purchases
from datasouk.market.records import Account, Arrival, Device, PacketDraft, SealedPacket, StreamState
from datasouk.market.rules import Rules
from datasouk.market.secrets import DataKey, Place, Vault
from datasouk.market.values import is_absent, read_whole

__all__ = ["Packet", "Streams", "read_before", "read_packet"]

_KEY = re.compile(r"[A-Za-z0-9]{1,81}", re.ASCII)
_MESSAGE_ID = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_TIME = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_MOST_REMEMBERED = 1024
"""Devices whose data keys and newest pages are kept opened."""
_NEWEST = ("", "null", "undefined")
"""What the documents and clients of the original send for "the newest page"."""

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: where a message is, and the key to it.

    Attributes:
        time_ms: Milliseconds since 1970, as the device says.
        root: 1 to 81 letters and digits; trytes, if it can be decoded.
        side_key: The same.  Secret: it is what is sold.
        message_id: 1 to 64 letters and digits; None if the device did not tell it.
        arrival: Counts the packets of a device in the order of their arrival; None before it has arrived.
    """

    time_ms: int
    root: str
    side_key: str = field(repr=False)
    message_id: str | None
    arrival: int | None = None


def read_packet(packet: object, *, now: int, most_ahead_ms: int) -> Packet:
    """Read a packet as it was sent (D10); other fields are dropped.

    Args:
        packet: The field ``packet``.
        now: Milliseconds since 1970.
        most_ahead_ms: How far the packet's time may be ahead of it.

    Raises:
        InvalidPacket: A field is missing or out of its limits.
    """
    if not isinstance(packet, dict):
        raise InvalidPacket("packet", "a JSON object")
    time_ms = read_whole(packet.get("time"))
    if time_ms is None:
        raise InvalidPacket("packet.time", "whole milliseconds since 1970, as a number or digits")
    if time_ms > now + most_ahead_ms:
        raise InvalidPacket("packet.time", f"at most {now + most_ahead_ms}, {most_ahead_ms} ms ahead of our clock")
    root, side_key = (_read_key(packet, name) for name in ("root", "sidekey"))
    message_id = None if is_absent(packet.get("messageId")) else packet["messageId"]
    if message_id is not None and not (isinstance(message_id, str) and _MESSAGE_ID.fullmatch(message_id)):
        raise InvalidPacket("packet.messageId", "1 to 64 letters and digits, or left out")
    return Packet(time_ms, root, side_key, message_id)


def read_before(text: str | None) -> int | None:
    """Read the parameter ``time`` of a page.

    Returns:
        Milliseconds since 1970; None for the newest page.

    Raises:
        InvalidField: Neither whole milliseconds, nor one of the words for the newest page.
    """
    if text is None or text in _NEWEST:
        return None
    if not _TIME.fullmatch(text):
        raise InvalidField("time", "whole milliseconds since 1970, or left out for the newest page")
    return int(text)


@dataclass(frozen=True, slots=True)
class _NewestPage:
    """The page that everybody sees who asks for nothing older, until a packet arrives."""

    last_arrival: int
    packets: tuple[Packet, ...]


class Streams:
    """The rules of streams.

    Args:
        store: Where they are kept.
        vault: For secrets of devices, and side keys.
        purchases: Who may read.
        rules: What the operator chose.
        clock: Milliseconds since 1970.
    """

    def __init__(
        self, store: Store, vault: Vault, purchases: Purchases, *, rules: Rules, clock: Clock = now_ms
    ) -> None:
        self._devices = store.devices
        self._streams = store.streams
        self._vault = vault
        self._purchases = purchases
        self._rules = rules
        self._clock = clock
        self._data_keys: dict[bytes, DataKey] = {}
        self._newest: dict[int, _NewestPage] = {}
        # What the secret of an unknown device is held against, so that it takes as long to refuse.
        self._nobodys_hash = vault.device_secrets.hash(secrets.token_hex())

    async def publish(self, device_id: str, secret: str, packet: object) -> Arrival:
        """Add a packet to a device's stream; the same packet again changes nothing.

        Args:
            device_id: Which device.
            secret: The device's secret key (``sk``).
            packet: As it was sent; read once the secret is known to be right.

        Returns:
            Its arrival number, once the packet is synced to disk.

        Raises:
            DeviceNotFound: No device has this id.
            InvalidPacket: A field of the packet is missing or out of its limits.
            TooManyAtOneTime: The device has 1,000 packets of this time.
            WrongDeviceSecret: Not the device's secret.
        """
        device = await self._devices.get(device_id)
        is_right = self._vault.device_secrets.matches(device.secret_hash if device else self._nobodys_hash, secret)
        if device is None:
            raise DeviceNotFound(device_id, "The device doesn't exist.")
        if not is_right:
            raise WrongDeviceSecret(device_id)
        now = self._clock()
        sent = read_packet(packet, now=now, most_ahead_ms=self._rules.most_ahead_ms)
        draft = _seal(sent, device, self._open_data_key(device), received_ms=now)
        try:
            return await self._streams.add(device.number, draft, most_at_one_time=self._rules.most_at_one_time)
        except DeviceNotFound:
            # It was removed while the packet waited; the store knows its number only.
            raise DeviceNotFound(device_id, "The device doesn't exist.") from None

    async def page(self, account: Account, device_id: str, *, before_ms: int | None = None) -> list[Packet]:
        """The newest packets of a stream older than a time, newest first; those ahead of our clock are hidden.

        Args:
            account: Who reads.
            device_id: Which device.
            before_ms: None for the newest page.

        Returns:
            At most 20, and all others that share the time of the last (D11).  Secret.

        Raises:
            NotPurchased: The stream is neither the account's own nor bought, or there is none.
        """
        device = await self._readable(account, device_id)
        end = self._clock() + 1
        before_ms = end if before_ms is None else min(before_ms, end)
        # The state is read first: what is committed after it makes the next reader look again.
        state = await self._streams.state(device.number)
        is_newest = state is not None and state.newest_ms < before_ms
        if state is not None and is_newest:
            newest = self._newest.get(device.number)
            if newest is not None and newest.last_arrival == state.last_arrival:
                return list(newest.packets)
        sealed = await self._streams.page(device.number, before_ms=before_ms, limit=self._rules.page_packets)
        packets = self._open(device, sealed)
        if state is not None and is_newest and len(packets) <= self._rules.page_packets:
            _remember(self._newest, device.number, _NewestPage(state.last_arrival, tuple(packets)))
        return packets

    async def after(self, account: Account, device_id: str, *, arrival: int, limit: int) -> list[Packet]:
        """The packets that arrived behind one, in order of arrival, also late ones and those ahead of our clock.

        Raises:
            NotPurchased: As for `page`.
        """
        device = await self._readable(account, device_id)
        return self._open(device, await self._streams.after(device.number, arrival=arrival, limit=limit))

    async def state(self, device: Device) -> StreamState:
        """How many packets there are, and when the last one came.

        Raises:
            DeviceNotFound: The device is being removed, or is gone.
        """
        state = await self._streams.state(device.number)
        if state is None:
            raise DeviceNotFound(device.device_id)
        return state

    async def _readable(self, account: Account, device_id: str) -> Device:
        device = await self._devices.get(device_id)
        if device is None or not await self._purchases.may_read(account, device):
            raise NotPurchased(device_id)
        return device

    def _open(self, device: Device, packets: Sequence[SealedPacket]) -> list[Packet]:
        data_key = self._open_data_key(device)
        return [_open(packet, device, data_key) for packet in packets]

    def _open_data_key(self, device: Device) -> DataKey:
        # By the envelope, which is another one if the key was wrapped anew, and tells devices of the same id apart.
        data_key = self._data_keys.get(device.data_key)
        if data_key is None:
            data_key = self._vault.open_data_key(device.data_key, device.row_id)
            _remember(self._data_keys, device.data_key, data_key)
        return data_key


def _remember(cache: dict[_K, _V], key: _K, value: _V) -> None:
    """Add to a cache, which forgets what it has known longest."""
    if len(cache) >= _MOST_REMEMBERED and key not in cache:
        del cache[next(iter(cache))]
    cache[key] = value


def _read_key(packet: Mapping[str, object], name: str) -> str:
    key = packet.get(name)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidPacket(f"packet.{name}", "1 to 81 letters and digits")
    return key


def _seal(packet: Packet, device: Device, data_key: DataKey, *, received_ms: int) -> PacketDraft:
    by_keys = ("keys", str(packet.time_ms), packet.root, packet.side_key)
    identity = by_keys if packet.message_id is None else ("message", packet.message_id)
    place = _place(device, packet.time_ms, packet.root, packet.message_id)
    return PacketDraft(
        time_ms=packet.time_ms,
        root=packet.root,
        side_key_sealed=data_key.sealer.seal(packet.side_key.encode(), place),
        message_id=packet.message_id,
        fingerprint=data_key.fingerprint(*identity),
        received_ms=received_ms,
    )


def _open(packet: SealedPacket, device: Device, data_key: DataKey) -> Packet:
    place = _place(device, packet.time_ms, packet.root, packet.message_id)
    side_key = data_key.sealer.open(packet.side_key_sealed, place).decode()
    return Packet(packet.time_ms, packet.root, side_key, packet.message_id, packet.arrival)


def _place(device: Device, time_ms: int, root: str, message_id: str | None) -> Place:
    """A packet has no row id of its own: what is stored beside the side key stands for it."""
    return Place("packet", f"{device.row_id}:{time_ms}:{root}:{message_id or ''}", "side_key")
