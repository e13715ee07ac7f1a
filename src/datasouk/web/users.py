"""Accounts over HTTP: P3."""

from datasouk.market.errors import UnknownUserId
from datasouk.web.auth import find_consumer
from datasouk.web.http import Answer, Request, answer_json
from datasouk.web.ports import Market

__all__ = ["get_user"]


async def get_user(market: Market, request: Request) -> Answer:
    """``GET /user`` (P3): wallet and quota, never the API key (D3); ``null`` for an unknown user."""
    user_id = request.query.required("userId")
    try:
        caller = await find_consumer(market, request, request.query, user_id)
    except UnknownUserId:
        market.limits.count_refusal(request.address)
        return answer_json(None)
    shown: dict[str, object] = {
        "numberOfDevices": market.users.device_quota(caller.account),
        "handle": caller.account.handle,
    }
    balance_iota = await market.money.balance(caller.account)
    if balance_iota is not None:
        shown["wallet"] = {"balance": balance_iota}
    return answer_json(shown)
