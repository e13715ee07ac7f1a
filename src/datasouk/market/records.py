"""What the store keeps, as values.  Secrets are in here as hashes and envelopes only (`datasouk.market.secrets`).

Times are milliseconds since 1970, amounts are whole tokens (iota).  A row id is a UUID that is never used again: it is
what envelopes are bound to.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "Account",
    "ApiKey",
    "Arrival",
    "Device",
    "DeviceDraft",
    "ListedDevice",
    "PacketDraft",
    "Purchase",
    "Role",
    "SealedPacket",
    "StreamState",
    "Wallet",
]


class Role(StrEnum):
    """What an account may do; an admin is an account with this role, and nothing else makes one (D14)."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person or a program that owns devices, or buys.

    Attributes:
        account_id: Row id.
        handle: The public name, 28 base-62 characters.
        user_id_hash: 36 bytes, to find the account by its user id.
        user_id_sealed: An envelope, to show the user id to its holder.
        email: As it was given, without any meaning of its own; several accounts may have the same.
        needs_key: Whether a user id alone does not do, whatever the server's setting is.
        device_quota: How many devices it may have; 0: as many as the setting says.
    """

    account_id: str
    handle: str
    user_id_hash: bytes = field(repr=False)
    user_id_sealed: bytes = field(repr=False)
    email: str | None
    role: Role
    is_disabled: bool
    needs_key: bool
    device_quota: int
    created_ms: int

    @property
    def is_admin(self) -> bool:
        """Whether the account has the role of an admin."""
        return self.role is Role.ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key, without the key.

    Attributes:
        key_id: Row id.
        key_hash: 36 bytes.
        label: What its holder calls it.
        expires_ms: None: never.
    """

    key_id: str
    account_id: str
    key_hash: bytes = field(repr=False)
    label: str
    created_ms: int
    expires_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDraft:
    """A device before it has a number.

    Attributes:
        row_id: Names this incarnation of the device for ever.
        device_id: As it was registered; unique in any spelling.
        owner_id: Row id of the owner's account.
        secret_hash: Of the device's secret key (``sk``), 36 bytes.
        secret_sealed: An envelope, to show the secret to its owner.
        data_key: The wrapped key of its side keys.
        price_iota: None: the default price.
        is_inactive: Whether it waits for an admin's approval.
    """

    row_id: str
    device_id: str
    owner_id: str
    secret_hash: bytes = field(repr=False)
    secret_sealed: bytes = field(repr=False)
    data_key: bytes = field(repr=False)
    price_iota: int | None
    is_inactive: bool
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(DeviceDraft):
    """A device.

    Attributes:
        number: Given by the store, never twice: purchases and packets refer to it.
    """

    number: int


class ListedDevice(NamedTuple):
    """A device as lists need it; a tuple, as there may be tens of thousands.

    Attributes:
        secret_sealed: For the owner's own list.
        record: The public JSON object, but for what changes without a registration.
        has_data: Whether it has a packet.
    """

    device_id: str
    row_id: str
    secret_sealed: bytes
    record: bytes
    price_iota: int | None
    is_inactive: bool
    created_ms: int
    has_data: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketDraft:
    """A packet before it has an arrival number.

    Attributes:
        root: 1 to 81 characters.
        side_key_sealed: An envelope under the device's data key.
        message_id: None if the device did not tell it.
        fingerprint: 16 bytes; two packets of a device with the same one are the same packet (D10).
    """

    time_ms: int
    root: str
    side_key_sealed: bytes = field(repr=False)
    message_id: str | None
    fingerprint: bytes
    received_ms: int


class SealedPacket(NamedTuple):
    """A packet as the store gives it back; a tuple, as every page has twenty.

    Attributes:
        arrival: Counts the packets of a device from 1, without gaps, in the order in which they were committed.
    """

    arrival: int
    time_ms: int
    root: str
    side_key_sealed: bytes
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """The arrival number of a packet, and whether it was stored just now rather than before."""

    number: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as a whole.

    Attributes:
        last_arrival: How many packets there are.
        newest_ms: The greatest time of a packet; 0 if there is none.
        received_ms: When the last one arrived; 0 if there is none.
    """

    last_arrival: int
    newest_ms: int
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """A key that owns tokens, for an account or for a device.

    Attributes:
        row_id: What the envelope is bound to.
        address: Hash of the public key, 32 bytes.
        seed_sealed: An envelope under the wallets' own key.
    """

    row_id: str
    address: bytes
    seed_sealed: bytes = field(repr=False)
    created_ms: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """The right to read a stream; ``device`` is the device's number."""

    account_id: str
    device: int
    price_iota: int
    bought_ms: int
