"""The marketplace over HTTP: the nine published calls, the original's other routes, and what operators need.

The table below is all there is.  Names, statuses and texts are those that the original's clients know; what differs on
purpose, and why, is in ``docs/reference/calls.md``.
"""

from collections.abc import Iterable

from datasouk.web.app import Mount, Route, WebApp
from datasouk.web.devices import (
    delete_device,
    get_device,
    make_get_devices,
    post_new_device,
    post_toggle_whitelist,
)
from datasouk.web.operation import get_healthz, get_ledger_total, get_metrics, get_readyz
from datasouk.web.ports import Market
from datasouk.web.purchases import post_purchase_stream
from datasouk.web.streams import get_stream, post_new_data
from datasouk.web.users import get_user
from datasouk.web.visitors import get_location, get_settings, post_send_email
from datasouk.web.wallets import get_balance, get_captcha, post_faucet, post_wallet

__all__ = ["Mount", "create_web_app", "make_routes"]

_MALFORMED = "Malformed Request"
# A purchase of what does not exist is a refusal with status 200 in the original.
_PURCHASE = {"device_not_found": 200}


def make_routes() -> tuple[Route, ...]:
    """The route table."""
    return (
        # The nine published calls, P1 to P9.
        Route("GET", "/devices", make_get_devices()),
        Route("POST", "/wallet", post_wallet, missing=_MALFORMED),
        Route("GET", "/user", get_user),
        Route("GET", "/stream", get_stream),
        Route("POST", "/purchaseStream", post_purchase_stream, statuses=_PURCHASE, missing=_MALFORMED),
        Route("POST", "/newDevice", post_new_device),
        Route("POST", "/newData", post_new_data),
        Route("DELETE", "/delete", delete_device),
        Route("POST", "/delete", delete_device),
        # The original's other routes.
        Route("GET", "/device", get_device),
        Route("GET", "/settings", get_settings),
        Route("GET", "/balance", get_balance, missing="Could not get balance"),
        Route("POST", "/toggleWhitelist", post_toggle_whitelist),
        Route("POST", "/faucet", post_faucet, missing=_MALFORMED),
        Route("POST", "/sendEmail", post_send_email, missing=_MALFORMED),
        Route("GET", "/location", get_location),
        # Ours.
        Route("GET", "/v2/captcha", get_captcha),
        Route("GET", "/v2/ledger/total", get_ledger_total),
        Route("GET", "/healthz", get_healthz, is_limited=False),
        Route("GET", "/readyz", get_readyz, is_limited=False),
        Route("GET", "/metrics", get_metrics, is_limited=False),
    )


def create_web_app(market: Market, *, mounts: Iterable[Mount] = ()) -> WebApp:
    """Make the application.

    Args:
        market: Everything behind it; opened and closed by the caller.
        mounts: Other applications on the same origin, such as the ledger node's.
    """
    return WebApp(market, make_routes(), mounts)
