"""What can be set about the embedded node; ``docs/reference/node-settings.md`` lists the same, checked by a test."""

from dataclasses import dataclass, field

from datasouk.ledger import DUST_THRESHOLD_IOTA

__all__ = ["FaucetSettings", "NodeSettings"]


@dataclass(frozen=True, slots=True)
class FaucetSettings:
    """The faucet: gives free tokens to whoever asks.

    Attributes:
        amount_iota: Given for one request.
        richest_iota: Who holds this much or more gets nothing.
        requests_per_minute: For all callers together.
        most_waiting: Requests in the queue; more are refused.

    Raises:
        ValueError: The amount would be dust, which a new address cannot hold.
    """

    amount_iota: int = 10_000_000
    richest_iota: int = 20_000_000
    requests_per_minute: int = 60
    most_waiting: int = 500

    def __post_init__(self) -> None:
        """Check the amount."""
        if self.amount_iota < DUST_THRESHOLD_IOTA:
            raise ValueError(f"amount_iota is {self.amount_iota}, it must be at least {DUST_THRESHOLD_IOTA}")


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """The embedded node.

    Attributes:
        network_name: Its hash is the network id in every message; fixed when the ledger is made.
        bech32_hrp: How addresses begin in their text form.
        min_pow_score: Proof of work that messages must bring; 0 asks for none.
        milestone_seconds: A milestone comes at least this often.
        value_delay_seconds: How long a milestone waits after a value transaction, so that others may share it.
        most_pending: So many unconfirmed messages bring a milestone at once.
        max_depth_seconds: A parent may have been confirmed this long ago, not longer.
        max_index_results: Message ids that one look-up by index answers at most.
        max_results: Items that any other list answers at most.
        most_history: Entries of an address's history at most.
        faucet: None switches the faucet off.
    """

    network_name: str = "datasouk"
    bech32_hrp: str = "atoi"
    min_pow_score: float = 0
    milestone_seconds: float = 10.0
    value_delay_seconds: float = 0.02
    most_pending: int = 8192
    max_depth_seconds: float = 600.0
    max_index_results: int = 10_000
    max_results: int = 1000
    most_history: int = 1000
    faucet: FaucetSettings | None = field(default_factory=FaucetSettings)
