"""A node's REST interface, as an ASGI application.

Implements HORNET's REST interface, version 1 (TIP-13 and what HORNET 1.2 added), so that the published client libraries
work unmodified. What this network does not have is answered empty (treasury, receipts, peers); routes for the
administrator (control, adding peers) are absent.

Every answer has the envelope ``{"data": ...}`` or ``{"error": {"code": "<status>", "message": "..."}}``. Ids are
hexadecimal digits of either case. ``docs/reference/node-routes.md`` lists the routes, checked by a test.
"""

from datasouk.node import rest_ledger, rest_messages, rest_plugins
from datasouk.node.rest_app import AsgiApp, RestApp, Route
from datasouk.node.rest_ports import Faucet, RestContext, RestNode

__all__ = ["FAUCET_ROUTES", "ROUTES", "create_node_app"]

_MESSAGE = "/api/v1/messages/{message_id}"
_INCLUDED = "/api/v1/transactions/{transaction_id}/included-message"
_BECH32 = "/api/v1/addresses/{bech32}"
_ED25519 = "/api/v1/addresses/ed25519/{digest}"

ROUTES = (
    Route("GET", "/health", rest_plugins.get_health),
    Route("GET", "/api/routes", rest_plugins.get_routes),
    Route("GET", "/api/v1/info", rest_messages.get_info),
    Route("GET", "/api/v1/tips", rest_messages.get_tips),
    Route("POST", "/api/v1/messages", rest_messages.post_message),
    Route("GET", "/api/v1/messages", rest_messages.find_messages),
    Route("GET", _MESSAGE, rest_messages.get_message),
    Route("GET", f"{_MESSAGE}/metadata", rest_messages.get_metadata),
    Route("GET", f"{_MESSAGE}/raw", rest_messages.get_raw),
    Route("GET", f"{_MESSAGE}/children", rest_messages.get_children),
    Route("GET", _INCLUDED, rest_messages.get_message),
    Route("GET", f"{_INCLUDED}/metadata", rest_messages.get_metadata),
    Route("GET", f"{_INCLUDED}/raw", rest_messages.get_raw),
    Route("GET", f"{_INCLUDED}/children", rest_messages.get_children),
    Route("GET", "/api/v1/milestones/{index}", rest_ledger.get_milestone),
    Route("GET", "/api/v1/milestones/{index}/utxo-changes", rest_ledger.get_utxo_changes),
    Route("GET", "/api/v1/outputs/{output_id}", rest_ledger.get_output),
    Route("GET", _BECH32, rest_ledger.get_balance),
    Route("GET", f"{_BECH32}/outputs", rest_ledger.get_address_outputs),
    Route("GET", f"{_BECH32}/tx-history", rest_ledger.get_address_history),
    Route("GET", _ED25519, rest_ledger.get_balance),
    Route("GET", f"{_ED25519}/outputs", rest_ledger.get_address_outputs),
    Route("GET", f"{_ED25519}/tx-history", rest_ledger.get_address_history),
    Route("GET", "/api/v1/treasury", rest_ledger.get_treasury),
    Route("GET", "/api/v1/receipts", rest_ledger.get_receipts),
    Route("GET", "/api/v1/receipts/{migrated_at}", rest_ledger.get_receipts_of),
    Route("GET", "/api/v1/peers", rest_ledger.get_peers),
    Route("GET", "/api/plugins/inclusion/paths/{message_id}", rest_plugins.get_inclusion_path),
)

# Absent while the faucet is switched off.
FAUCET_ROUTES = (
    Route("GET", "/api/plugins/faucet/info", rest_plugins.get_faucet),
    Route("POST", "/api/plugins/faucet/enqueue", rest_plugins.post_to_faucet),
)


def create_node_app(node: RestNode, *, faucet: Faucet | None = None, websocket: AsgiApp | None = None) -> RestApp:
    """Make the application.

    Args:
        node: Started and closed by the caller.
        faucet: None: switched off.
        websocket: Serves MQTT at ``/mqtt``; None: there is none.
    """
    routes = ROUTES + (FAUCET_ROUTES if faucet else ())
    context = RestContext(node, faucet, tuple(dict.fromkeys(route.path for route in routes)))
    return RestApp(context, routes, websocket)
