"""Movements of tokens, and the groups in which they are settled, as values.

A *movement* takes an amount from one address to another, for a reason.  A *group* is one signed transaction that
carries out many; a movement in a group is a *line item* of it.  What the transaction says about its line items::

    leaf_i  = BLAKE2b-256(canonical JSON of line item i)
    digest  = BLAKE2b-256(leaf_0 || leaf_1 || ... || leaf_n-1)        in the transaction's indexation payload

A line item's id has 74 random bits, so a leaf tells nothing to whoever does not know the line item.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum

from datasouk.ledger.digest import blake2b_256

__all__ = [
    "RESERVE_IOTA",
    "SETTLEMENT_INDEX",
    "AdmissionRules",
    "Coin",
    "Movement",
    "MovementKind",
    "OpenGroup",
    "Refusal",
    "SettledMovement",
    "SignedGroup",
    "group_digest",
    "is_endowment_of_a_group",
]

RESERVE_IOTA = 1_000_000
"""What an address of the marketplace holds at least, so that no output of it is ever dust (D6, D18)."""
SETTLEMENT_INDEX = b"datasouk settlement"
"""The index of every settlement, under which anybody can find them."""


class MovementKind(StrEnum):
    """Why tokens move."""

    PURCHASE = "purchase"
    GRANT = "grant"
    """The first funding of an account's wallet."""
    REFILL = "refill"
    ENDOWMENT = "endowment"
    """From the operator, so that an address holds what it has to hold."""
    EARNINGS = "earnings"
    """From a device to its owner."""
    RETURN = "return"
    """The endowment of a device that is removed, back to the operator."""
    GIFT = "gift"
    """From the operator to any address."""

    @property
    def is_funding(self) -> bool:
        """Whether it counts against the fundings of a day."""
        return self in (MovementKind.GRANT, MovementKind.REFILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Tokens that are to move.

    Attributes:
        movement_id: Row id.
        source: Address, 32 bytes.
        target: Address, 32 bytes.
        amount_iota: 1 to the supply.
        made_ms: When it was asked for.
        account_id: For whom: the buyer, the account that is funded, the owner.
        device: Number of the device that it is about.
        device_id: The same device as the public knows it.
        by_user_id: Whether whoever asked showed a user id alone.
    """

    movement_id: str
    kind: MovementKind
    source: bytes
    target: bytes
    amount_iota: int
    made_ms: int
    account_id: str | None = None
    device: int | None = None
    device_id: str | None = None
    by_user_id: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """Two movements with the same key are the same: the second joins the first while that is on its way."""
        if self.kind is MovementKind.PURCHASE:
            return self.kind, str(self.account_id), str(self.device)
        if self.kind is MovementKind.GRANT:
            return self.kind, str(self.account_id)
        if self.device is not None:
            return self.kind, str(self.device)
        return self.kind, self.movement_id

    def leaf(self) -> bytes:
        """The hash that stands for it in a group's digest, 32 bytes; what is internal is not in it."""
        line_item = {
            "amount": self.amount_iota,
            "device": self.device_id,
            "from": self.source.hex(),
            "id": self.movement_id,
            "kind": self.kind.value,
            "made": self.made_ms,
            "to": self.target.hex(),
        }
        return blake2b_256(json.dumps(line_item, sort_keys=True, separators=(",", ":")).encode())


def is_endowment_of_a_group(movement: Movement) -> bool:
    """Whether a group made this movement for the sake of another one, and nobody asked for it."""
    return movement.kind is MovementKind.ENDOWMENT and movement.device is None


def group_digest(leaves: bytes) -> bytes:
    """What a transaction carries about its line items: the hash of their leaves one after the other, 32 bytes."""
    return blake2b_256(leaves)


@dataclass(frozen=True, slots=True)
class Coin:
    """An unspent plain output of ours."""

    output_id: bytes
    amount_iota: int


@dataclass(frozen=True, slots=True)
class AdmissionRules:
    """What a movement has to keep to when its group is stored.

    Attributes:
        default_price_iota: Of devices without a price.
        since_ms: Where the last day begins.
        fundings_per_day: Grants and refills of one account.
        spending_iota_per_day: Purchases of one account by user id alone.
    """

    default_price_iota: int
    since_ms: int
    fundings_per_day: int
    spending_iota_per_day: int


class Refusal(StrEnum):
    """Why a movement cannot be part of a group."""

    ALREADY_BOUGHT = "already bought"
    PRICE_CHANGED = "price changed"
    DEVICE_GONE = "device gone"
    FUNDING_LIMIT = "funding limit"
    SPENDING_LIMIT = "spending limit"


@dataclass(frozen=True, slots=True)
class SignedGroup:
    """A group before it is stored.

    Attributes:
        transaction_id: 32 bytes.
        raw: The transaction payload, signed.
        movements: Its line items, in order.
        made_ms: When it was signed.
    """

    transaction_id: bytes
    raw: bytes = field(repr=False)
    movements: tuple[Movement, ...]
    made_ms: int


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A stored group that has not come to its end."""

    number: int
    group: SignedGroup


@dataclass(frozen=True, slots=True)
class SettledMovement:
    """A movement that the ledger has carried out.

    Attributes:
        position: Its place among the line items of its group.
        transaction_id: 32 bytes.
        message_id: The message with which the transaction was included, 32 bytes.
        raw: The transaction payload.
        leaves: The hashes of all line items of the group, 32 bytes each, one after the other.
    """

    movement: Movement
    position: int
    transaction_id: bytes
    message_id: bytes
    raw: bytes = field(repr=False)
    leaves: bytes = field(repr=False)
