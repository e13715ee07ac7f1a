"""REST handlers outside ``/api/v1``: health, the list of routes, the faucet, and proofs of inclusion.

The faucet's routes are those of HORNET's plug-in. Proofs of inclusion are an addition of this node.
"""

from datasouk.ledger.address import Address
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.json import parse_json
from datasouk.ledger.json_reader import JsonObject
from datasouk.node.rest_http import TEXT, RestAnswer, RestRequest, answer_data
from datasouk.node.rest_params import read_hex
from datasouk.node.rest_ports import Faucet, RestContext

__all__ = ["get_faucet", "get_health", "get_inclusion_path", "get_routes", "post_to_faucet"]


async def get_health(api: RestContext, _request: RestRequest) -> RestAnswer:
    """Whether the node is healthy: 200 or 503, without a body."""
    info = await api.node.info()
    return RestAnswer(b"", 200 if info.is_healthy else 503, TEXT)


async def get_routes(api: RestContext, _request: RestRequest) -> RestAnswer:
    """The paths of all routes."""
    return answer_data({"routes": list(api.routes)})


async def get_faucet(api: RestContext, _request: RestRequest) -> RestAnswer:
    """The faucet's address and balance."""
    address, balance_iota = await _faucet(api).info()
    return answer_data({"address": address.to_bech32(hrp=api.node.settings.bech32_hrp), "balance": balance_iota})


async def post_to_faucet(api: RestContext, request: RestRequest) -> RestAnswer:
    """Ask for free tokens: `{"address": bech32}`; answered before they are paid."""
    text = JsonObject(parse_json(await request.body())).text("address")
    hrp = api.node.settings.bech32_hrp
    address = Address.from_bech32(text, hrp=hrp)
    waiting = await _faucet(api).enqueue(address)
    return answer_data({"address": address.to_bech32(hrp=hrp), "waitingRequests": waiting}, status=202)


async def get_inclusion_path(api: RestContext, request: RestRequest) -> RestAnswer:
    """Proof that a message is in the ledger: a milestone's bytes, and those of the messages under it."""
    message_id = read_hex("message id", request.path("message_id"), length=DIGEST_BYTES)
    path = await api.node.inclusion_path(message_id)
    return answer_data({"messageId": message_id.hex(), **path.to_json()})


def _faucet(api: RestContext) -> Faucet:
    assert api.faucet is not None, "without a faucet its routes are absent"
    return api.faucet
