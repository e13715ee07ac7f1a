"""REST handlers for the node and its messages: info, tips, messages, transactions."""

from datasouk.ledger.answers import NodeUnavailable
from datasouk.ledger.answers_json import ids_to_json, info_to_json, metadata_to_json
from datasouk.ledger.binary import require_range
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.indexation import MAX_INDEX_BYTES
from datasouk.ledger.json import draft_from_json, message_to_json, parse_json
from datasouk.ledger.message import MessageDraft
from datasouk.node.rest_http import OCTETS, RestAnswer, RestRequest, answer_data
from datasouk.node.rest_params import read_hex
from datasouk.node.rest_ports import RestContext

__all__ = [
    "find_messages",
    "get_children",
    "get_info",
    "get_message",
    "get_metadata",
    "get_raw",
    "get_tips",
    "post_message",
]


async def get_info(api: RestContext, _request: RestRequest) -> RestAnswer:
    """State of the node and of its network."""
    return answer_data(info_to_json(await api.node.info()))


async def get_tips(api: RestContext, _request: RestRequest) -> RestAnswer:
    """Ids of messages that new ones should have as parents, 1 to 8."""
    tips = await api.node.tips()
    if not tips:
        raise NodeUnavailable("there are no tips")
    return answer_data({"tipMessageIds": ids_to_json(tips)})


async def post_message(api: RestContext, request: RestRequest) -> RestAnswer:
    """Attach a message: JSON, or bytes if the content type is another; answered once it is on disk."""
    body = await request.body()
    draft = draft_from_json(parse_json(body)) if request.says_json else MessageDraft.from_bytes(body)
    message_id = (await api.node.submit_draft(draft)).hex()
    return answer_data({"messageId": message_id}, status=201, headers=((b"location", message_id.encode()),))


async def find_messages(api: RestContext, request: RestRequest) -> RestAnswer:
    """Ids of the messages with an index: ``?index=`` 1 to 64 bytes in hexadecimal digits."""
    index = read_hex("index", request.required_query("index"))
    require_range("index length", len(index), 1, MAX_INDEX_BYTES)
    ids = ids_to_json(await api.node.find(index))
    return answer_data(
        {
            "index": index.hex(),
            "maxResults": api.node.settings.max_index_results,
            "count": len(ids),
            "messageIds": ids,
        }
    )


async def get_message(api: RestContext, request: RestRequest) -> RestAnswer:
    """A message."""
    message_id = await _read_message_id(api, request)
    return answer_data(message_to_json(await api.node.message(message_id)))


async def get_metadata(api: RestContext, request: RestRequest) -> RestAnswer:
    """What the node knows about a message: whether a milestone references it, and what became of its transaction."""
    message_id = await _read_message_id(api, request)
    return answer_data(metadata_to_json(await api.node.metadata(message_id)))


async def get_raw(api: RestContext, request: RestRequest) -> RestAnswer:
    """A message's bytes, as `application/octet-stream`."""
    message_id = await _read_message_id(api, request)
    return RestAnswer(await api.node.raw(message_id), media_type=OCTETS)


async def get_children(api: RestContext, request: RestRequest) -> RestAnswer:
    """Ids of the messages that have this one as a parent; an empty list for an unknown message."""
    message_id = await _read_message_id(api, request)
    limit = api.node.settings.max_results
    ids = ids_to_json((await api.node.children(message_id))[:limit])
    return answer_data(
        {"messageId": message_id.hex(), "maxResults": limit, "count": len(ids), "childrenMessageIds": ids}
    )


async def _read_message_id(api: RestContext, request: RestRequest) -> bytes:
    """The message that the path names, be it by its id or by the transaction that was included with it."""
    if request.has_path("message_id"):
        return read_hex("message id", request.path("message_id"), length=DIGEST_BYTES)
    transaction_id = read_hex("transaction id", request.path("transaction_id"), length=DIGEST_BYTES)
    return await api.node.included_message(transaction_id)
