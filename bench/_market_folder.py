"""A marketplace's folder with an account, devices and packets in it, for benchmarks that serve it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datasouk.market.ids import new_device_secret, new_row_id, now_ms
from datasouk.market.purchases import Purchases
from datasouk.market.records import DeviceDraft
from datasouk.market.rules import Rules
from datasouk.market.secrets import Place, Vault, check_server_key
from datasouk.market.server_key import load_server_keys
from datasouk.market.streams import Streams
from datasouk.market.users import Users
from datasouk.market.wallets import make_wallet
from datasouk.storage import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from datasouk.market.ports import Store
    from datasouk.market.records import Account

__all__ = ["Filled", "fill_folder", "make_packet", "packet_body"]

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in a folder.

    Attributes:
        user_id: Of the account that owns all devices.
        secret: The secret key that all devices have in common.
    """

    user_id: str
    secret: str


def make_packet() -> dict[str, object]:
    """A packet of now, as the published sample sends it, with a message id that is new."""
    return {
        "time": time.time_ns() // 1_000_000,
        "root": "ROOT9" * 16 + "9",
        "sidekey": "SIDEKEY99" * 9,
        "messageId": os.urandom(32).hex(),
    }


def packet_body(device_id: str, secret: str) -> bytes:
    """A body of ``POST /newData`` that no other is like."""
    return json.dumps({"id": device_id, "packet": make_packet(), "sk": secret}).encode()


async def fill_folder(folder: Path, *, devices: int, packets: dict[str, int]) -> Filled:
    """Make a folder for ``datasouk serve``.

    Args:
        folder: Is there, and empty.
        devices: How many, ``ws-0`` and so on.
        packets: How many, by device.
    """
    store = await open_store(folder / "market.db")
    vault = Vault(load_server_keys(folder / "server.key"))
    await check_server_key(store, vault)
    rules = Rules()
    owner = await Users(store, vault, rules=rules).create()
    secret = new_device_secret()
    await asyncio.gather(
        *(_add(store, vault, owner.account, f"ws-{number}", secret) for number in range(devices)),
    )
    streams = Streams(store, vault, Purchases(store, rules=rules), rules=rules)
    for device_id, count in packets.items():
        for start in range(0, count, _AT_ONCE):
            new = [make_packet() for _ in range(min(_AT_ONCE, count - start))]
            for number, packet in enumerate(new, start):
                packet["time"] = now_ms() - (count - number) * 1000
            await asyncio.gather(*(streams.publish(device_id, secret, packet) for packet in new))
    await store.close()
    return Filled(owner.user_id, secret)


async def _add(store: Store, vault: Vault, owner: Account, device_id: str, secret: str) -> None:
    row_id = new_row_id()
    place = Place("device", row_id, "secret")
    draft = DeviceDraft(
        row_id=row_id,
        device_id=device_id,
        owner_id=owner.account_id,
        secret_hash=vault.device_secrets.hash(secret),
        secret_sealed=vault.credentials.seal(secret.encode(), place),
        data_key=vault.new_data_key(row_id),
        price_iota=None,
        is_inactive=False,
        created_ms=now_ms(),
    )
    shown = {
        "sensorId": device_id,
        "type": "weather station",
        "company": "bench",
        "location": {"city": "Berlin", "country": "Germany", "gps": "52.5,13.4"},
        "lat": 52.5,
        "lon": 13.4,
        "owner": owner.handle,
        "dataTypes": [
            {"id": "temp", "name": "Temperature", "unit": "C"},
            {"id": "hum", "name": "Humidity", "unit": "%"},
        ],
    }
    added = await store.devices.add(draft, json.dumps(shown).encode(), make_wallet(vault), quota=10**6)
    assert added is not None, "the folder was not empty"
