"""The numbers that an operator may choose; the application reads them from its settings."""

from dataclasses import dataclass
from enum import StrEnum

from datasouk.ledger.address import HRP_TESTNET

__all__ = ["ConsumptionAuth", "Rules"]


class ConsumptionAuth(StrEnum):
    """What buying and reading need (D2)."""

    CAPABILITY = "capability"
    """The user id alone, unless the account wants more."""
    KEY = "key"
    """The API key too."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole marketplace.

    Attributes:
        default_price_iota: Of a device that names no price.
        devices_per_user: Quota of an account that has none of its own.
        needs_approval: Whether new devices are inactive until an admin approves (D12).
        consumption_auth: What buying and reading need.
        bech32_hrp: First part of addresses, the network's.
        page_packets: Length of a page of a stream (P4).
        most_at_one_time: How many packets of a device may have one time (D11).
        most_ahead_ms: How far a packet's time may be ahead of the clock (D10).
    """

    default_price_iota: int = 1000
    devices_per_user: int = 5
    needs_approval: bool = True
    consumption_auth: ConsumptionAuth = ConsumptionAuth.CAPABILITY
    bech32_hrp: str = HRP_TESTNET
    page_packets: int = 20
    most_at_one_time: int = 1000
    most_ahead_ms: int = 600_000
