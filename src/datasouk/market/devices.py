"""Devices: registering, listing, approving and removing them (P1, P6, P8, P9; decisions D1, D9, D12, D13).

The life of a device::

    register ──> registered ──> removing ──> deleted
                  │      ↑
                  └──────┘ register again, by the same owner: new secret, new description; number, data key,
                           wallet and packets stay

While it is *removing*, it is gone for everybody and its id is still taken.  Its money is settled, then it is deleted;
a restart finishes what was begun: `Devices.finish_removals`.
"""

import asyncio
import secrets
from dataclasses import dataclass, field, replace

from datasouk.market.descriptions import Description, make_record, show_public, show_to_owner
from datasouk.market.errors import DeviceIdTaken, DeviceNotFound, MarketError, NotOwner, OwnerMismatch
from datasouk.market.ids import Clock, Randomness, new_device_secret, new_row_id, now_ms
from datasouk.market.ports import DeviceMoney, Store
from datasouk.market.records import Account, Device, DeviceDraft, ListedDevice
from datasouk.market.rules import Rules
from datasouk.market.secrets import Place, Vault
from datasouk.market.users import Users, require_admin
from datasouk.market.wallets import address_text, make_wallet

__all__ = ["Devices", "PublicList", "Registered"]

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration gives.

    Attributes:
        secret: The device's secret key (``sk``), 64 hexadecimal digits.
        is_new: Whether there was no such device before.
    """

    device: Device
    secret: str = field(repr=False)
    is_new: bool


@dataclass(frozen=True, slots=True)
class PublicList:
    """The list of all devices.

    Attributes:
        version: Grows whenever the list changes; good for an ETag.
        body: A JSON array, UTF-8.
    """

    version: int
    body: bytes = field(repr=False)


class Devices:
    """The rules of devices.

    Args:
        store: Where they are kept.
        vault: For their secrets.
        users: Names and quotas of their owners.
        money: What moves tokens when devices come and go.
        rules: What the operator chose.
        clock: Milliseconds since 1970.
        randomness: For secrets and keys.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        users: Users,
        money: DeviceMoney,
        *,
        rules: Rules,
        clock: Clock = now_ms,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        self._devices = store.devices
        self._wallets = store.wallets
        self._vault = vault
        self._users = users
        self._money = money
        self._rules = rules
        self._clock = clock
        self._randomness = randomness
        self._list: PublicList | None = None
        self._listing = asyncio.Lock()

    async def register(self, account: Account, description: Description) -> Registered:
        """Register a device, or register one's own again.

        Args:
            account: Who registers it.
            description: From `read_description`.

        Raises:
            DeviceIdTaken: The id, in any spelling, is another device's.
            OwnerMismatch: The owner that is named is somebody else.
            TooManyDevices: The account's quota is used up.
            MarketError: There are no tokens for it (D18); then nothing is registered.
        """
        if not self._users.is_name_of(account, description.owner):
            raise OwnerMismatch
        secret = new_device_secret(self._randomness)
        # Between looking and writing others may register or remove it: then look again.
        for _ in range(_ATTEMPTS):
            there = await self._devices.get(description.device_id)
            if there is None:
                added = await self._add(account, description, secret)
                if added is not None:
                    await self._endow(added)
                    return Registered(added, secret, is_new=True)
                there = await self._devices.get(description.device_id)
            if there is None or there.owner_id != account.account_id:
                break
            # If it has its endowment, nothing happens.
            await self._money.endow(there)
            updated = await self._update(account, there, description, secret)
            if updated is not None:
                return Registered(updated, secret, is_new=False)
        raise DeviceIdTaken(description.device_id)

    async def get(self, device_id: str) -> Device:
        """A device.

        Raises:
            DeviceNotFound: No device has this id, in this spelling.
        """
        device = await self._devices.get(device_id)
        if device is None:
            raise DeviceNotFound(device_id)
        return device

    async def public(self, device_id: str) -> bytes:
        """What everybody is shown of a device: a JSON object, UTF-8.

        Raises:
            DeviceNotFound: No device has this id, in this spelling.
        """
        listed = await self._devices.listed(device_id)
        if listed is None:
            raise DeviceNotFound(device_id)
        return show_public(listed, default_price_iota=self._rules.default_price_iota)

    async def public_list(self) -> PublicList:
        """Every device, inactive or not, with data or without (D12); made once for each version of the list."""
        version = await self._devices.list_version()
        made = self._list
        if made is not None and made.version == version:
            return made
        async with self._listing:
            if self._list is None or self._list.version < version:
                # The number first: a list that is newer than its number is merely made once more.
                version = await self._devices.list_version()
                listed = await self._devices.all_listed()
                self._list = PublicList(version, await asyncio.to_thread(self._write_list, listed))
            return self._list

    async def own_list(self, account: Account) -> bytes:
        """An account's devices with their secrets (P8): a JSON array, UTF-8.  Secret."""
        user_id = self._users.show_user_id(account)
        shown = []
        for listed in await self._devices.of_owner(account.account_id):
            secret = self._vault.credentials.open(listed.secret_sealed, _secret_place(listed.row_id)).decode()
            default = self._rules.default_price_iota
            shown.append(show_to_owner(listed, default_price_iota=default, user_id=user_id, secret=secret))
        return _array(shown)

    async def set_inactive(self, admin: Account, device_id: str, *, is_inactive: bool) -> None:
        """Take a device out of the explorer, or put it in (D12).

        Raises:
            AdminOnly: Whoever asks has not the role of an admin.
            DeviceNotFound: No device has this id.
        """
        require_admin(admin)
        device = await self.get(device_id)
        if not await self._devices.set_inactive(device.number, is_inactive=is_inactive):
            raise DeviceNotFound(device_id)

    async def remove(self, account: Account, device_id: str) -> None:
        """Remove one's own device, settle its money, and delete everything of it (D13).

        Raises:
            DeviceNotFound: No device has this id, or it is being removed.
            NotOwner: Somebody else's.
            Exception: What settling raised; the device stays gone, and `finish_removals` goes on with it.
        """
        device = await self.get(device_id)
        if device.owner_id != account.account_id:
            raise NotOwner(device_id)
        if not await self._devices.begin_removal(device.number, account.account_id):
            raise DeviceNotFound(device_id)
        await self._finish_removal(device)

    async def finish_removals(self) -> int:
        """Finish the removals that were begun and not finished; returns how many.

        Raises:
            Exception: What settling raised; call again later.
        """
        begun = await self._devices.removing()
        for device in begun:
            await self._finish_removal(device)
        return len(begun)

    async def _endow(self, device: Device) -> None:
        """Endow a device that was just added, or take it away again: nobody knows its secret yet."""
        try:
            await self._money.endow(device)
        except MarketError:
            if await self._devices.begin_removal(device.number, device.owner_id):
                await self._finish_removal(device)
            raise

    async def _finish_removal(self, device: Device) -> None:
        await self._money.pay_out(device)
        await self._devices.delete(device.number)

    async def _add(self, account: Account, description: Description, secret: str) -> Device | None:
        row_id, now = new_row_id(self._clock, self._randomness), self._clock()
        draft = DeviceDraft(
            row_id=row_id,
            device_id=description.device_id,
            owner_id=account.account_id,
            secret_hash=self._vault.device_secrets.hash(secret),
            secret_sealed=self._seal_secret(row_id, secret),
            data_key=self._vault.new_data_key(row_id),
            price_iota=description.price_iota,
            is_inactive=self._rules.needs_approval,
            created_ms=now,
        )
        wallet = make_wallet(self._vault, clock=self._clock, randomness=self._randomness)
        address = address_text(wallet, hrp=self._rules.bech32_hrp)
        record = make_record(description, handle=account.handle, address=address, created_ms=now)
        return await self._devices.add(draft, record, wallet, quota=self._users.device_quota(account))

    async def _update(self, account: Account, there: Device, description: Description, secret: str) -> Device | None:
        wallet = await self._wallets.of_device(there.number)
        if wallet is None:
            return None
        device = replace(
            there,
            secret_hash=self._vault.device_secrets.hash(secret),
            secret_sealed=self._seal_secret(there.row_id, secret),
            price_iota=description.price_iota,
            is_inactive=self._rules.needs_approval,
        )
        address = address_text(wallet, hrp=self._rules.bech32_hrp)
        record = make_record(description, handle=account.handle, address=address, created_ms=there.created_ms)
        return device if await self._devices.update(device, record) else None

    def _seal_secret(self, row_id: str, secret: str) -> bytes:
        return self._vault.credentials.seal(secret.encode(), _secret_place(row_id))

    def _write_list(self, listed: list[ListedDevice]) -> bytes:
        return _array([show_public(each, default_price_iota=self._rules.default_price_iota) for each in listed])


def _array(objects: list[bytes]) -> bytes:
    return b"[" + b",".join(objects) + b"]"


def _secret_place(row_id: str) -> Place:
    return Place("device", row_id, "secret")
