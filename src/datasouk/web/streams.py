"""Streams over HTTP: P4 and P7, the two calls that come most often."""

from collections.abc import Iterable

import msgspec

from datasouk.market.errors import MissingField, NotPurchased, UnknownUserId
from datasouk.market.streams import Packet, read_before
from datasouk.web.auth import find_consumer
from datasouk.web.http import SUCCESS, Answer, Request
from datasouk.web.ports import Market

__all__ = ["get_stream", "post_new_data"]

_NOT_YOURS = Answer(b'{"success":false}')


async def post_new_data(market: Market, request: Request) -> Answer:
    """``POST /newData`` (P7); ``device`` is another name of ``id``."""
    fields = await request.fields()
    device_id, secret, packet = fields.required("id", "device"), fields.required("sk"), fields.get("packet")
    if packet is None:
        raise MissingField("packet")
    await market.streams.publish(device_id, secret, packet)
    return SUCCESS


async def get_stream(market: Market, request: Request) -> Answer:
    """``GET /stream`` (P4); an unknown user, an unknown device and a stream not bought are one answer."""
    query = request.query
    user_id, device_id = query.required("userId"), query.required("deviceId", "device")
    before_ms = read_before(query.text("time"))
    try:
        caller = await find_consumer(market, request, query, user_id)
        packets = await market.streams.page(caller.account, device_id, before_ms=before_ms)
    except UnknownUserId:
        market.limits.count_refusal(request.address)
        return _NOT_YOURS
    except NotPurchased:
        return _NOT_YOURS
    return Answer(_show(packets))


def _show(packets: Iterable[Packet]) -> bytes:
    """Packets as they are spelled outside; without a message id if the device did not tell it."""
    shown = []
    for packet in packets:
        fields = {"time": packet.time_ms, "root": packet.root, "sidekey": packet.side_key}
        if packet.message_id is not None:
            fields["messageId"] = packet.message_id
        shown.append(fields)
    return msgspec.json.encode(shown)
