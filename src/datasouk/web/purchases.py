"""Purchases over HTTP: P5."""

from datasouk.web.auth import find_consumer
from datasouk.web.http import SUCCESS, Answer, Request
from datasouk.web.ports import Market

__all__ = ["post_purchase_stream"]


async def post_purchase_stream(market: Market, request: Request) -> Answer:
    """``POST /purchaseStream`` (P5); ``device`` is another name of ``deviceId``."""
    fields = await request.fields()
    user_id, device_id = fields.required("userId"), fields.required("deviceId", "device")
    caller = await find_consumer(market, request, fields, user_id)
    market.limits.count_change(caller.account.account_id)
    await market.money.buy(caller, device_id)
    return SUCCESS
