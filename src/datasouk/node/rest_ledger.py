"""REST handlers for the ledger: milestones, outputs, addresses; and for what this network does not have."""

from datasouk.ledger.address import ADDRESS_TYPE_ED25519, Address
from datasouk.ledger.answers_json import (
    balance_to_json,
    history_entry_to_json,
    ids_to_json,
    milestone_to_json,
    output_state_to_json,
    utxo_changes_to_json,
)
from datasouk.ledger.binary import U32_MAX
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.outputs import OUTPUT_ID_BYTES, OutputType, split_output_id
from datasouk.node.rest_http import RestAnswer, RestRequest, answer_data
from datasouk.node.rest_params import read_boolean, read_hex, read_number
from datasouk.node.rest_ports import RestContext

__all__ = [
    "get_address_history",
    "get_address_outputs",
    "get_balance",
    "get_milestone",
    "get_output",
    "get_peers",
    "get_receipts",
    "get_receipts_of",
    "get_treasury",
    "get_utxo_changes",
]


async def get_milestone(api: RestContext, request: RestRequest) -> RestAnswer:
    """A milestone."""
    return answer_data(milestone_to_json(await api.node.milestone(_read_index(request))))


async def get_utxo_changes(api: RestContext, request: RestRequest) -> RestAnswer:
    """Which outputs a milestone created and spent."""
    return answer_data(utxo_changes_to_json(await api.node.utxo_changes(_read_index(request))))


async def get_output(api: RestContext, request: RestRequest) -> RestAnswer:
    """An output, spent or not."""
    output_id = read_hex("output id", request.path("output_id"), length=OUTPUT_ID_BYTES)
    split_output_id(output_id)
    return answer_data(output_state_to_json(await api.node.output(output_id)))


async def get_balance(api: RestContext, request: RestRequest) -> RestAnswer:
    """What an address holds; zero for an unknown one."""
    return answer_data(balance_to_json(await api.node.balance(_read_address(api, request))))


async def get_address_outputs(api: RestContext, request: RestRequest) -> RestAnswer:
    """Ids of an address's outputs: ``?type=`` 0 or 1, ``?include-spent=true``; unspent ones first."""
    address = _read_address(api, request)
    kind, spent = request.query("type"), request.query("include-spent")
    limit = api.node.settings.max_results
    output_ids = await api.node.outputs(
        address,
        include_spent=read_boolean("include-spent", spent) if spent else False,
        output_type=OutputType(read_number("type", kind, maximum=max(OutputType))) if kind else None,
    )
    ids = ids_to_json(output_ids[:limit])
    return answer_data(
        {
            "addressType": ADDRESS_TYPE_ED25519,
            "address": address.digest.hex(),
            "maxResults": limit,
            "count": len(ids),
            "outputIds": ids,
            "ledgerIndex": api.node.latest_milestone().index,
        }
    )


async def get_address_history(api: RestContext, request: RestRequest) -> RestAnswer:
    """The transactions that touched an address, newest first: ``?pageSize=`` at most."""
    address = _read_address(api, request)
    limit = api.node.settings.max_results
    size = request.query("pageSize")
    if size:
        limit = min(limit, read_number("pageSize", size, minimum=1, maximum=U32_MAX))
    history = [history_entry_to_json(entry) for entry in await api.node.history(address, limit=limit)]
    return answer_data(
        {
            "addressType": ADDRESS_TYPE_ED25519,
            "address": address.digest.hex(),
            "maxResults": limit,
            "count": len(history),
            "history": history,
            "ledgerIndex": api.node.latest_milestone().index,
        }
    )


async def get_treasury(_api: RestContext, _request: RestRequest) -> RestAnswer:
    """The treasury of migrated tokens: always empty, nothing is migrated to this network."""
    return answer_data({"milestoneId": bytes(DIGEST_BYTES).hex(), "amount": 0})


async def get_receipts(_api: RestContext, _request: RestRequest) -> RestAnswer:
    """Receipts of migrated tokens: always none."""
    return answer_data({"receipts": []})


async def get_receipts_of(api: RestContext, request: RestRequest) -> RestAnswer:
    """Receipts of one milestone of the old network: always none."""
    read_number("migratedAt", request.path("migrated_at"), maximum=U32_MAX)
    return await get_receipts(api, request)


async def get_peers(_api: RestContext, _request: RestRequest) -> RestAnswer:
    """Neighbours of this node: always none, it is a network of its own."""
    return answer_data([])


def _read_index(request: RestRequest) -> int:
    return read_number("milestone index", request.path("index"), maximum=U32_MAX)


def _read_address(api: RestContext, request: RestRequest) -> Address:
    """The address that the path names, in either form."""
    if request.has_path("digest"):
        return Address(read_hex("address", request.path("digest"), length=DIGEST_BYTES))
    return Address.from_bech32(request.path("bech32"), hrp=api.node.settings.bech32_hrp)
