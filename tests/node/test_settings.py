from dataclasses import FrozenInstanceError

import pytest

from datasouk.ledger import DUST_THRESHOLD_IOTA, HRP_TESTNET
from datasouk.node.settings import FaucetSettings, NodeSettings


def test_defaults_suit_the_published_clients() -> None:
    settings = NodeSettings()
    # mqtt.js reconnects after 30 s without an event.
    assert settings.milestone_seconds < 30
    # A client may work on its proof for minutes.
    assert settings.max_depth_seconds > 20 * settings.milestone_seconds
    assert settings.bech32_hrp == HRP_TESTNET
    assert settings.min_pow_score == 0


def test_gifts_of_the_faucet_are_no_dust() -> None:
    faucet = FaucetSettings()
    assert faucet.amount_iota >= DUST_THRESHOLD_IOTA
    assert faucet.richest_iota > faucet.amount_iota


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        NodeSettings().network_name = "other"  # type: ignore[misc]
