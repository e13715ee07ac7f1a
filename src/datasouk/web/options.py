"""What an operator may choose about the web application; the composition root reads it from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["WebOptions"]


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What holds for the whole application.

    Attributes:
        accepts_query_keys: Whether an API key in a query is taken (D2), with a ``Deprecation`` header.
        bech32_hrp: First part of addresses, the network's.
        public_settings: What ``GET /settings`` answers, names as clients spell them.
        logs_requests: Whether each request becomes a line of the log; errors of the server always do.
        shows_metrics: Whether ``GET /metrics`` answers.
    """

    accepts_query_keys: bool = True
    bech32_hrp: str = "atoi"
    public_settings: Mapping[str, object] = field(default_factory=dict)
    logs_requests: bool = False
    shows_metrics: bool = True
