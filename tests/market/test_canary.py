"""No secret that was used appears in the files of the store (D4)."""

import base64
from pathlib import Path

import pytest
from tests.market.market_of import KEY, market_of, packet

from datasouk.market.errors import CannotOpen, WrongServerKey
from datasouk.market.secrets import Vault, check_server_key
from datasouk.market.wallets import open_wallet
from datasouk.storage import open_store

pytestmark = pytest.mark.anyio


def spellings(secret: str) -> set[bytes]:
    """How a secret might lie in a file."""
    found = {secret.encode(), secret.encode().hex().encode(), base64.b64encode(secret.encode())[:-4]}
    try:
        raw = bytes.fromhex(secret)
    except ValueError:
        return found
    return found | {raw, base64.b64encode(raw)[:-4], secret.upper().encode()}


async def test_d4_no_secret_is_in_the_files_of_the_store(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "market.db")
    market = market_of(store)
    await check_server_key(store, market.vault)
    owner, buyer = await market.users.create(email="a@example.org"), await market.users.create()
    rotated = await market.users.rotate_user_id(buyer.account)
    more = await market.users.add_api_key(owner.account, "second")
    first = await market.register(owner, owner=owner.user_id, sk="an sk that somebody sent")
    second = await market.register(owner)
    side_keys = [f"SIDEKEY9OF9PACKET9{number}" for number in range(30)]
    for number, side_key in enumerate(side_keys):
        sent = packet(number, sidekey=side_key, messageId=f"m{number}" if number % 2 else ...)
        await market.streams.publish("ws-1", second.secret, sent)
    await market.purchases.grant(buyer.account, second.device, price_iota=100)
    assert len(await market.streams.page(buyer.account, "ws-1")) == 20
    wallet = await store.wallets.of_device(second.device.number)
    assert wallet is not None
    seed = open_wallet(market.vault, wallet)._private.private_bytes_raw().hex()
    secrets = [owner.user_id, owner.api_key, buyer.user_id, buyer.api_key, rotated, more.api_key, seed, KEY.hex()]
    secrets += [first.secret, second.secret, "an sk that somebody sent", *side_keys]
    during = contents(tmp_path)
    await store.close()
    for content in (during, contents(tmp_path)):
        assert b"Weather Station" in content
        assert owner.account.handle.encode() in content
        assert [secret for secret in secrets if any(each in content for each in spellings(secret))] == []


def contents(folder: Path) -> bytes:
    return b"\xff".join(path.read_bytes() for path in sorted(folder.iterdir()))


async def test_d4_a_wrong_server_key_is_refused_at_the_start(tmp_path: Path) -> None:
    old, new = b"\x01" * 32, b"\x02" * 32
    store = await open_store(tmp_path / "market.db")
    await check_server_key(store, Vault([old]))
    await check_server_key(store, Vault([old]))
    with pytest.raises(WrongServerKey):
        await check_server_key(store, Vault([new]))
    await check_server_key(store, Vault([new, old]))
    await check_server_key(store, Vault([new]))
    with pytest.raises(WrongServerKey):
        await check_server_key(store, Vault([old]))
    await store.close()


async def test_d4_a_side_key_that_was_moved_to_another_device_does_not_open(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "market.db")
    market = market_of(store)
    owner = await market.users.create()
    devices = [await market.register(owner, name) for name in ("ws-1", "ws-2")]
    for each in devices:
        await market.streams.publish(each.device.device_id, each.secret, packet(sidekey=each.secret[:20]))
    database = store._database  # type: ignore[attr-defined]
    query = "UPDATE packet SET side_key = (SELECT side_key FROM packet WHERE device = ?) WHERE device = ?"
    numbers = [each.device.number for each in devices]
    await database.write(lambda connection: connection.execute(query, numbers).rowcount)
    with pytest.raises(CannotOpen, match=r"ws-2|elsewhere|key with the id"):
        await market.streams.page(owner.account, "ws-2")
    await store.close()


async def test_d4_values_that_are_printed_or_logged_show_no_secret() -> None:
    market = market_of()
    owner = await market.users.create()
    registered = await market.register(owner)
    await market.streams.publish("ws-1", registered.secret, packet(sidekey="SIDEKEY9"))
    page = await market.streams.page(owner.account, "ws-1")
    shown = repr((owner, registered, page, market.vault, market.users, await market.devices.public_list()))
    for secret in (owner.user_id, owner.api_key, registered.secret, "SIDEKEY9"):
        assert secret not in shown
