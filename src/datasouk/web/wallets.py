"""Wallets over HTTP: P2, and the original's ``GET /balance`` and ``POST /faucet``."""

from datasouk.ledger.address import Address
from datasouk.ledger.errors import LedgerError
from datasouk.market.errors import InvalidField
from datasouk.web.auth import find_consumer
from datasouk.web.captcha import CaptchaRefused
from datasouk.web.http import Answer, HttpRefused, Request, answer_json
from datasouk.web.ports import Market

__all__ = ["get_balance", "get_captcha", "post_faucet", "post_wallet"]


async def post_wallet(market: Market, request: Request) -> Answer:
    """``POST /wallet`` (P2): 201 for the first time, 200 for a refill."""
    fields = await request.fields()
    user_id = fields.required("userId")
    caller = await find_consumer(market, request, fields, user_id)
    market.limits.count_change(caller.account.account_id)
    funding = await market.money.fund(caller)
    return answer_json({"messageId": funding.message_id.hex()}, status=201 if funding.is_new else 200)


async def get_balance(market: Market, request: Request) -> Answer:
    """``GET /balance``: what any address holds, less the protected rest; a bare number."""
    address = _read_address(market, request.query.required("address"))
    return answer_json(await market.money.spendable(address))


async def post_faucet(market: Market, request: Request) -> Answer:
    """``POST /faucet``: a few tokens for any address, against a proof of work."""
    fields = await request.fields()
    text, token = fields.required("address"), fields.required("captcha")
    # A solution is good once: what can be refused without it is refused first.
    address = _read_address(market, text)
    market.limits.count_gift(request.address)
    reasons = market.captcha.check(token)
    if reasons:
        raise CaptchaRefused(reasons)
    return answer_json({"messageId": (await market.money.give(address)).hex()})


async def get_captcha(market: Market, _request: Request) -> Answer:
    """``GET /v2/captcha``: a challenge, for the faucet and for mail to the operator."""
    if not market.captcha.has_challenges:
        raise HttpRefused(404, "no_captcha", "there are no challenges here: DATASOUK_CAPTCHA is not altcha")
    return answer_json(market.captcha.make_challenge())


def _read_address(market: Market, text: str) -> Address:
    try:
        return Address.from_bech32(text, hrp=market.options.bech32_hrp)
    except LedgerError:
        raise InvalidField(
            "address", f"an address that begins with {market.options.bech32_hrp}1", "Could not get balance"
        ) from None
