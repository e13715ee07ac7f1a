"""What the marketplace needs of the world: a ledger node, and a store.

Implementations are held equal by one contract suite for each (``tests/contracts``).  Of the node there are
`datasouk.node.embedded.EmbeddedNode`, in this process, and `datasouk.node.external.ExternalNode`, any Chrysalis node
behind a URL; of the store there is `datasouk.storage.sqlite.SqliteStore`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from datasouk.ledger.address import Address
from datasouk.ledger.answers import Balance, MessageMetadata, MilestoneInfo, NodeInfo, OutputState
from datasouk.ledger.message import Message, Payload
from datasouk.ledger.outputs import OutputType
from datasouk.market.movements import AdmissionRules, Coin, Movement, OpenGroup, Refusal, SettledMovement, SignedGroup
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

__all__ = [
    "DeviceMoney",
    "DeviceStore",
    "Node",
    "PurchaseStore",
    "SettlementStore",
    "Store",
    "StreamStore",
    "UserStore",
    "WalletStore",
]


class Node(Protocol):
    """A ledger node.

    Ids are bytes: 32 for messages and transactions, 34 for outputs.  Every call may raise `NodeUnavailable`; those that
    look something up raise `NotInLedger`.
    """

    async def info(self) -> NodeInfo:
        """The state of the node and of its network."""

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        """Attach a payload; the node does the proof of work and, unless they are given, chooses the parents.

        Returns:
            The message id, once the node has the message for good (the embedded node: synced to disk).

        Raises:
            NodeRefused: Against the rules of the ledger, too long, or with unknown parents.
        """

    async def message(self, message_id: bytes) -> Message:
        """A message by its id."""

    async def raw(self, message_id: bytes) -> bytes:
        """A message's bytes."""

    async def find(self, index: bytes) -> list[bytes]:
        """Ids of the messages that carry this index (1 to 64 bytes); an empty list if there are none."""

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        """What the node knows about a message beside its content."""

    async def children(self, message_id: bytes) -> list[bytes]:
        """Ids of the messages that have this one as a parent; an empty list for an unknown message."""

    async def milestone(self, index: int) -> MilestoneInfo:
        """A milestone by its index."""

    async def output(self, output_id: bytes) -> OutputState:
        """An output, spent or not."""

    async def outputs(
        self, address: Address, *, include_spent: bool = False, output_type: OutputType | None = None
    ) -> list[bytes]:
        """Ids of an address's outputs, unspent ones first."""

    async def balance(self, address: Address) -> Balance:
        """What an address holds; zero for an unknown one."""

    async def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        """Wait until a milestone references the message, whatever it did with it: see ``inclusion``.

        Raises:
            NodeTimeout: No milestone has, yet.
        """

    async def reattach(self, message_id: bytes) -> bytes:
        """Attach the same payload once more, with new parents; returns the new message's id."""

    async def coordinator_keys(self) -> tuple[bytes, ...]:
        """The Ed25519 public keys, 32 bytes each, with which this network's milestones are signed."""


class Store(Protocol):
    """Everything that outlasts the process.

    A call that changes something returns when the change is synced to disk (D17), and happens whole or not at all; two
    changes never overlap.  A call that reads sees every change that was acknowledged before it began.  Any call may
    raise `StoreFailed`, and one that changes something `StoreOverloaded`.
    """

    @property
    def users(self) -> "UserStore":
        """Accounts and their API keys."""

    @property
    def devices(self) -> "DeviceStore":
        """Devices."""

    @property
    def streams(self) -> "StreamStore":
        """Packets."""

    @property
    def purchases(self) -> "PurchaseStore":
        """Who may read what."""

    @property
    def wallets(self) -> "WalletStore":
        """Keys that own tokens."""

    @property
    def settlements(self) -> "SettlementStore":
        """Movements of tokens on their way, and those that were carried out."""

    @property
    def is_failed(self) -> bool:
        """Whether the disk has failed, so that nothing more can be written."""

    async def keep(self, name: str, value: bytes) -> bytes:
        """Keep a fact about this store, unless it is kept already; returns what is kept."""

    async def replace(self, name: str, value: bytes) -> None:
        """Keep a fact, whatever was kept before."""

    async def close(self) -> None:
        """Finish what waits; no call may follow."""


class UserStore(Protocol):
    """Accounts and their API keys."""

    async def add(self, account: Account, key: ApiKey | None) -> None:
        """Add an account, with its first key."""

    async def get(self, account_id: str) -> Account | None:
        """An account by its row id."""

    async def by_user_id(self, hashes: Sequence[bytes]) -> Account | None:
        """The account whose user id has one of these hashes."""

    async def by_api_key(self, hashes: Sequence[bytes]) -> tuple[Account, ApiKey] | None:
        """The account that has an API key with one of these hashes, expired or not."""

    async def by_handle(self, handle: str) -> Account | None:
        """An account by its handle."""

    async def by_email(self, email: str) -> list[Account]:
        """The accounts that were given this address, oldest first."""

    async def page(self, after: str, limit: int) -> list[Account]:
        """Accounts by row id, those behind ``after`` ("": from the first), at most so many."""

    async def change(
        self,
        account_id: str,
        *,
        role: Role | None = None,
        is_disabled: bool | None = None,
        needs_key: bool | None = None,
        device_quota: int | None = None,
    ) -> Account | None:
        """Change what is not None; returns the account as it is now, None if there is none."""

    async def set_user_id(self, account_id: str, *, old_hash: bytes, new_hash: bytes, sealed: bytes) -> bool:
        """Give an account another user id, or the same under another key; False if it no longer has the old one."""

    async def add_key(self, key: ApiKey) -> None:
        """Add an API key to an account."""

    async def keys(self, account_id: str) -> list[ApiKey]:
        """An account's keys, oldest first."""

    async def set_key_hash(self, key_id: str, key_hash: bytes) -> None:
        """Keep another hash of the same key."""

    async def remove_key(self, account_id: str, key_id: str) -> bool:
        """Remove an account's key; False if it has none like that."""


class DeviceStore(Protocol):
    """Devices.  One that is being removed shows in `removing` alone, and its id is still taken."""

    async def add(self, draft: DeviceDraft, record: bytes, wallet: Wallet, *, quota: int) -> Device | None:
        """Add a device with an empty stream and its wallet; None if the id is taken, in any spelling.

        Raises:
            TooManyDevices: The owner has as many as the quota allows.
        """

    async def update(self, device: Device, record: bytes) -> bool:
        """Replace secret, price, approval and record of a device; False if it is not there, or not this owner's."""

    async def get(self, device_id: str) -> Device | None:
        """A device by its id, in the very spelling with which it was registered."""

    async def listed(self, device_id: str) -> ListedDevice | None:
        """The same as lists show it."""

    async def of_owner(self, account_id: str) -> list[ListedDevice]:
        """An account's devices, oldest first."""

    async def all_listed(self) -> list[ListedDevice]:
        """Every device, oldest first."""

    async def list_version(self) -> int:
        """A number that grows whenever `all_listed` would answer otherwise."""

    async def set_inactive(self, number: int, *, is_inactive: bool) -> bool:
        """Take a device out of the explorer, or put it in; False if it is not there."""

    async def begin_removal(self, number: int, owner_id: str) -> bool:
        """Mark a device: gone for everybody, takes no packets; False if it is not there, or not this owner's."""

    async def removing(self) -> list[Device]:
        """The devices whose removal was begun and not finished."""

    async def delete(self, number: int) -> None:
        """Delete everything of a device whose removal was begun: packets, purchases, wallet, keys."""


class StreamStore(Protocol):
    """Packets.  ``device`` is a device's number."""

    async def add(self, device: int, draft: PacketDraft, *, most_at_one_time: int) -> Arrival:
        """Add a packet and give it the next arrival number; one that is there already keeps its own.

        Raises:
            DeviceNotFound: The device takes no packets (any more).
            TooManyAtOneTime: The device has so many packets of this time.
        """

    async def page(self, device: int, *, before_ms: int, limit: int) -> list[SealedPacket]:
        """The newest packets older than a time, newest first, those of one time by falling arrival.

        At most ``limit``, but a page goes on to the end of the group of its last time (D11).
        """

    async def after(self, device: int, *, arrival: int, limit: int) -> list[SealedPacket]:
        """The packets that arrived behind one, in order of arrival."""

    async def state(self, device: int) -> StreamState | None:
        """The stream as a whole; None if the device takes no packets."""


class PurchaseStore(Protocol):
    """Who may read what.  ``device`` is a device's number."""

    async def grant(self, purchase: Purchase) -> bool:
        """Let an account read a stream; False if it may already.

        Raises:
            DeviceNotFound: There is no such device (any more).
        """

    async def get(self, account_id: str, device: int) -> Purchase | None:
        """An account's purchase of a device."""


class WalletStore(Protocol):
    """Keys that own tokens."""

    async def add_for_account(self, account_id: str, wallet: Wallet) -> Wallet:
        """Give an account a wallet, unless it has one; returns the one it has."""

    async def of_account(self, account_id: str) -> Wallet | None:
        """An account's wallet."""

    async def of_device(self, device: int) -> Wallet | None:
        """A device's wallet, also while the device is being removed."""


class SettlementStore(Protocol):
    """Movements of tokens on their way, and those that were carried out.

    A movement is *waiting* (kept, in no group), in an *open* group (signed, perhaps submitted), or *settled*.
    """

    async def open(self, group: SignedGroup, rules: AdmissionRules) -> int | dict[str, Refusal]:
        """Keep a signed group, before it is submitted; movements of it that wait wait no longer.

        Returns:
            The group's number, greater than those before; or, if a movement breaks a rule, the refusals by movement
            id, and nothing is kept.
        """

    async def settle(
        self,
        number: int,
        message_id: bytes,
        *,
        settled_ms: int,
        coins: Mapping[bytes, Coin | None],
        untold: Sequence[str],
    ) -> bool:
        """End a group that was included: purchases are granted, in the same commit.

        Args:
            message_id: The message with which it was included.
            coins: What the group has left to each address of ours.
            untold: Ids of movements of whose end nobody was told.

        Returns:
            False if it has come to its end before.
        """

    async def release(self, number: int) -> bool:
        """End a group that can never be included: its movements wait again; False if it has ended before."""

    async def keep_waiting(self, movement: Movement) -> None:
        """Keep a movement that is in no group; one that is kept already stays as it is."""

    async def drop(self, movement_id: str) -> None:
        """Forget a movement that waits."""

    async def open_groups(self) -> list[OpenGroup]:
        """Groups that have not come to their end, oldest first."""

    async def waiting(self) -> list[Movement]:
        """Movements that wait, oldest first."""

    async def was_released(self, transaction_id: bytes) -> bool:
        """Whether this is the transaction of a group that was released."""

    async def coin_of(self, address: bytes) -> Coin | None:
        """What the last settled group has left to an address; somebody else may have spent it since."""

    async def has_grant(self, account_id: str) -> bool:
        """Whether an account's first funding waits, is on its way, or was settled."""

    async def take_untold(self, account_id: str) -> SettledMovement | None:
        """The oldest settled funding of an account of which nobody was told; from now on it counts as told."""

    async def purchase(self, account_id: str, device: int) -> SettledMovement | None:
        """The settled payment for a purchase."""

    async def history(self, account_id: str, *, limit: int) -> list[SettledMovement]:
        """An account's settled movements, newest first."""

    async def funded_since(self, since_ms: int) -> int:
        """Tokens of all fundings that were asked for since then, settled or not."""

    async def endowed(self, address: bytes, device: int) -> int:
        """What a device's address was endowed with, settled or on its way, less what went back to the operator."""

    async def wallet_at(self, address: bytes) -> Wallet | None:
        """The wallet, of an account or of a device, that owns an address."""


class DeviceMoney(Protocol):
    """What moves tokens when devices come and go.  Both calls may come more than once and act once."""

    async def endow(self, device: Device) -> None:
        """Send a new device's address its endowment (D18)."""

    async def pay_out(self, device: Device) -> None:
        """Settle a device that is being removed: earnings to the owner, the endowment back to the operator (D13)."""
