"""A store in memory for tests of the market, held honest by the contract suite; and values to put into a store."""

from collections.abc import Sequence
from dataclasses import replace

from tests.settlement_fakes import MemorySettlements

from datasouk.market.errors import DeviceNotFound, TooManyAtOneTime, TooManyDevices
from datasouk.market.records import (
    Account,
    ApiKey,
    Arrival,
    Device,
    DeviceDraft,
    ListedDevice,
    PacketDraft,
    Purchase,
    Role,
    SealedPacket,
    StreamState,
    Wallet,
)

START_MS = 1_700_000_000_000


class Clock:
    """Milliseconds since 1970, moved by hand."""

    def __init__(self, now: int = START_MS) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def some_account(number: int = 1, **changes: object) -> Account:
    account = Account(
        account_id=f"account-{number:04}",
        handle=f"handle{number}",
        user_id_hash=b"user id %d" % number,
        user_id_sealed=b"sealed user id",
        email=None,
        role=Role.USER,
        is_disabled=False,
        needs_key=False,
        device_quota=0,
        created_ms=START_MS,
    )
    return replace(account, **changes)  # type: ignore[arg-type]


def some_key(number: int = 1, account: int = 1, **changes: object) -> ApiKey:
    key = ApiKey(
        key_id=f"key-{number:04}",
        account_id=f"account-{account:04}",
        key_hash=b"api key %d" % number,
        label="first",
        created_ms=START_MS,
        expires_ms=None,
    )
    return replace(key, **changes)  # type: ignore[arg-type]


def some_draft(device_id: str = "ws-1", owner: int = 1, **changes: object) -> DeviceDraft:
    draft = DeviceDraft(
        row_id=f"row of {device_id}",
        device_id=device_id,
        owner_id=f"account-{owner:04}",
        secret_hash=b"hash",
        secret_sealed=b"sealed secret",
        data_key=b"data key",
        price_iota=100,
        is_inactive=True,
        created_ms=START_MS,
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def some_wallet(name: str = "ws-1") -> Wallet:
    address = name.encode().ljust(32, b"\x00")
    return Wallet(row_id=f"wallet of {name}", address=address, seed_sealed=b"seed", created_ms=START_MS)


def some_packet(number: int = 1, time_ms: int | None = None, **changes: object) -> PacketDraft:
    packet = PacketDraft(
        time_ms=START_MS + number if time_ms is None else time_ms,
        root="ROOT",
        side_key_sealed=b"side key %d" % number,
        message_id=f"message{number}",
        fingerprint=number.to_bytes(16, "big"),
        received_ms=START_MS + number,
    )
    return replace(packet, **changes)  # type: ignore[arg-type]


class MemoryStore:
    """The Store interface over lists and dictionaries; every call is one step, so changes never overlap."""

    def __init__(self) -> None:
        self.facts: dict[str, bytes] = {}
        self.is_failed = False
        self.users = MemoryUsers()
        self.devices = MemoryDevices()
        self.streams = MemoryStreams(self.devices)
        self.purchases = MemoryPurchases(self.devices)
        self.wallets = MemoryWallets(self.devices)
        self.settlements = MemorySettlements(self.devices, self.wallets)

    async def keep(self, name: str, value: bytes) -> bytes:
        return self.facts.setdefault(name, value)

    async def replace(self, name: str, value: bytes) -> None:
        self.facts[name] = value

    async def close(self) -> None:
        pass


class MemoryUsers:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.api_keys: dict[str, ApiKey] = {}

    async def add(self, account: Account, key: ApiKey | None) -> None:
        self.accounts[account.account_id] = account
        if key is not None:
            self.api_keys[key.key_id] = key

    async def get(self, account_id: str) -> Account | None:
        return self.accounts.get(account_id)

    async def by_user_id(self, hashes: Sequence[bytes]) -> Account | None:
        return next((each for each in self.accounts.values() if each.user_id_hash in hashes), None)

    async def by_api_key(self, hashes: Sequence[bytes]) -> tuple[Account, ApiKey] | None:
        key = next((each for each in self.api_keys.values() if each.key_hash in hashes), None)
        return None if key is None else (self.accounts[key.account_id], key)

    async def by_handle(self, handle: str) -> Account | None:
        return next((each for each in self.accounts.values() if each.handle == handle), None)

    async def by_email(self, email: str) -> list[Account]:
        return [each for each in self._sorted() if each.email == email]

    async def page(self, after: str, limit: int) -> list[Account]:
        return [each for each in self._sorted() if each.account_id > after][:limit]

    async def change(
        self,
        account_id: str,
        *,
        role: Role | None = None,
        is_disabled: bool | None = None,
        needs_key: bool | None = None,
        device_quota: int | None = None,
    ) -> Account | None:
        account = self.accounts.get(account_id)
        if account is None:
            return None
        self.accounts[account_id] = replace(
            account,
            role=account.role if role is None else role,
            is_disabled=account.is_disabled if is_disabled is None else is_disabled,
            needs_key=account.needs_key if needs_key is None else needs_key,
            device_quota=account.device_quota if device_quota is None else device_quota,
        )
        return self.accounts[account_id]

    async def set_user_id(self, account_id: str, *, old_hash: bytes, new_hash: bytes, sealed: bytes) -> bool:
        account = self.accounts.get(account_id)
        if account is None or account.user_id_hash != old_hash:
            return False
        self.accounts[account_id] = replace(account, user_id_hash=new_hash, user_id_sealed=sealed)
        return True

    async def add_key(self, key: ApiKey) -> None:
        self.api_keys[key.key_id] = key

    async def keys(self, account_id: str) -> list[ApiKey]:
        return sorted(
            (each for each in self.api_keys.values() if each.account_id == account_id), key=lambda each: each.key_id
        )

    async def set_key_hash(self, key_id: str, key_hash: bytes) -> None:
        if key_id in self.api_keys:
            self.api_keys[key_id] = replace(self.api_keys[key_id], key_hash=key_hash)

    async def remove_key(self, account_id: str, key_id: str) -> bool:
        if key_id not in self.api_keys or self.api_keys[key_id].account_id != account_id:
            return False
        del self.api_keys[key_id]
        return True

    def _sorted(self) -> list[Account]:
        return [self.accounts[each] for each in sorted(self.accounts)]


class MemoryDevices:
    def __init__(self) -> None:
        self.rows: dict[int, tuple[Device, bytes]] = {}
        self.being_removed: set[int] = set()
        self.packets: dict[int, list[tuple[int, PacketDraft]]] = {}
        self.purchases: dict[tuple[str, int], Purchase] = {}
        self.wallets: dict[int, Wallet] = {}
        self.version = 0
        self._last = 0

    def is_there(self, number: int) -> bool:
        return number in self.rows and number not in self.being_removed

    async def add(self, draft: DeviceDraft, record: bytes, wallet: Wallet, *, quota: int) -> Device | None:
        if any(device.device_id.lower() == draft.device_id.lower() for device, _ in self.rows.values()):
            return None
        if sum(device.owner_id == draft.owner_id for device, _ in self._there()) >= quota:
            raise TooManyDevices(quota)
        self._last += 1
        device = Device(number=self._last, **{name: getattr(draft, name) for name in DeviceDraft.__slots__})
        self.rows[device.number] = device, record
        self.packets[device.number] = []
        self.wallets[device.number] = wallet
        self.version += 1
        return device

    async def update(self, device: Device, record: bytes) -> bool:
        if not self.is_there(device.number) or self.rows[device.number][0].owner_id != device.owner_id:
            return False
        there = self.rows[device.number][0]
        changed = replace(
            there,
            secret_hash=device.secret_hash,
            secret_sealed=device.secret_sealed,
            price_iota=device.price_iota,
            is_inactive=device.is_inactive,
        )
        self.rows[device.number] = changed, record
        self.version += 1
        return True

    async def get(self, device_id: str) -> Device | None:
        return next((device for device, _ in self._there() if device.device_id == device_id), None)

    async def listed(self, device_id: str) -> ListedDevice | None:
        return next((each for each in await self.all_listed() if each.device_id == device_id), None)

    async def of_owner(self, account_id: str) -> list[ListedDevice]:
        return [self._listed(device, record) for device, record in self._there() if device.owner_id == account_id]

    async def all_listed(self) -> list[ListedDevice]:
        return [self._listed(device, record) for device, record in self._there()]

    async def list_version(self) -> int:
        return self.version

    async def set_inactive(self, number: int, *, is_inactive: bool) -> bool:
        if not self.is_there(number):
            return False
        device, record = self.rows[number]
        self.rows[number] = replace(device, is_inactive=is_inactive), record
        self.version += 1
        return True

    async def begin_removal(self, number: int, owner_id: str) -> bool:
        if not self.is_there(number) or self.rows[number][0].owner_id != owner_id:
            return False
        self.being_removed.add(number)
        self.version += 1
        return True

    async def removing(self) -> list[Device]:
        return [self.rows[number][0] for number in sorted(self.being_removed)]

    async def delete(self, number: int) -> None:
        if number not in self.being_removed:
            return
        self.being_removed.remove(number)
        del self.rows[number], self.packets[number], self.wallets[number]
        self.purchases = {key: value for key, value in self.purchases.items() if key[1] != number}

    def _there(self) -> list[tuple[Device, bytes]]:
        return [self.rows[number] for number in sorted(self.rows) if number not in self.being_removed]

    def _listed(self, device: Device, record: bytes) -> ListedDevice:
        return ListedDevice(
            device.device_id,
            device.row_id,
            device.secret_sealed,
            record,
            device.price_iota,
            device.is_inactive,
            device.created_ms,
            bool(self.packets[device.number]),
        )


class MemoryStreams:
    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices

    async def add(self, device: int, draft: PacketDraft, *, most_at_one_time: int) -> Arrival:
        packets = self._devices.packets.get(device, [])
        for arrival, packet in packets:
            if packet.fingerprint == draft.fingerprint:
                return Arrival(arrival, is_new=False)
        if sum(packet.time_ms == draft.time_ms for _, packet in packets) >= most_at_one_time:
            raise TooManyAtOneTime(draft.time_ms, most_at_one_time)
        if not self._devices.is_there(device):
            raise DeviceNotFound(f"number {device}")
        packets.append((len(packets) + 1, draft))
        self._devices.version += len(packets) == 1
        return Arrival(len(packets), is_new=True)

    async def page(self, device: int, *, before_ms: int, limit: int) -> list[SealedPacket]:
        older = sorted(
            (_sealed(*each) for each in self._devices.packets.get(device, []) if each[1].time_ms < before_ms),
            key=lambda each: (each.time_ms, each.arrival),
            reverse=True,
        )
        return [each for place, each in enumerate(older) if place < limit or each.time_ms == older[limit - 1].time_ms]

    async def after(self, device: int, *, arrival: int, limit: int) -> list[SealedPacket]:
        packets = self._devices.packets.get(device, [])
        return [_sealed(*each) for each in packets[arrival : arrival + limit]]

    async def state(self, device: int) -> StreamState | None:
        if not self._devices.is_there(device):
            return None
        packets = [packet for _, packet in self._devices.packets[device]]
        newest_ms = max((packet.time_ms for packet in packets), default=0)
        return StreamState(len(packets), newest_ms, packets[-1].received_ms if packets else 0)


def _sealed(arrival: int, draft: PacketDraft) -> SealedPacket:
    return SealedPacket(
        arrival=arrival,
        time_ms=draft.time_ms,
        root=draft.root,
        side_key_sealed=draft.side_key_sealed,
        message_id=draft.message_id,
    )


class MemoryPurchases:
    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices

    async def grant(self, purchase: Purchase) -> bool:
        if not self._devices.is_there(purchase.device):
            raise DeviceNotFound(f"number {purchase.device}")
        key = purchase.account_id, purchase.device
        return self._devices.purchases.setdefault(key, purchase) is purchase

    async def get(self, account_id: str, device: int) -> Purchase | None:
        return self._devices.purchases.get((account_id, device))


class MemoryWallets:
    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices
        self.accounts: dict[str, Wallet] = {}

    async def add_for_account(self, account_id: str, wallet: Wallet) -> Wallet:
        return self.accounts.setdefault(account_id, wallet)

    async def of_account(self, account_id: str) -> Wallet | None:
        return self.accounts.get(account_id)

    async def of_device(self, device: int) -> Wallet | None:
        return self._devices.wallets.get(device)
