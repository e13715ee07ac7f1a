"""What visitors of the original's web page ask for: ``GET /settings``, ``GET /location``, ``POST /sendEmail``."""

from datasouk.market.errors import MissingField
from datasouk.market.values import read_decimal
from datasouk.web.captcha import CaptchaRefused
from datasouk.web.fields import Fields
from datasouk.web.http import SUCCESS, Answer, HttpRefused, Request, answer_json
from datasouk.web.mail import MailNotSent
from datasouk.web.places import area_code_of, coordinates_of
from datasouk.web.ports import Market

__all__ = ["get_location", "get_settings", "post_send_email"]

_NEEDED = ("name", "company", "email", "country")
_OPTIONAL = ("website", "industry", "category", "newsletter", "comments")
_SHORT_CHARACTERS = 300
_COMMENT_CHARACTERS = 10_000


async def get_settings(market: Market, _request: Request) -> Answer:
    """``GET /settings``: what the operator shows to everybody."""
    return answer_json(market.options.public_settings)


async def get_location(market: Market, request: Request) -> Answer:
    """``GET /location``: the area code of ``address`` or ``gps``, the place of ``iac``, or ``null``."""
    query = request.query
    address, area_code, gps = query.text("address"), query.text("iac"), query.text("gps")
    found: str | None = None
    if address is not None:
        town = market.places.find(address)
        found = area_code_of(town.lat, town.lon) if town else None
    elif area_code is not None:
        coordinates = coordinates_of(area_code)
        town = market.places.nearest(*coordinates) if coordinates else None
        found = f"{town.name}, {town.country}" if town else None
    elif gps is not None:
        lat, _, lon = gps.partition(",")
        degrees = read_decimal(lat.strip()), read_decimal(lon.strip())
        found = area_code_of(degrees[0], degrees[1]) if degrees[0] is not None and degrees[1] is not None else None
    return answer_json(found)


async def post_send_email(market: Market, request: Request) -> Answer:
    """``POST /sendEmail``: a visitor writes to the operator."""
    fields = await request.fields()
    written = {name: _shorten(fields, name, _SHORT_CHARACTERS) for name in (*_NEEDED, *_OPTIONAL)}
    written["comments"] = _shorten(fields, "comments", _COMMENT_CHARACTERS)
    token = fields.required("captcha")
    for name in (*_NEEDED, "acceptedDisclaimer"):
        if not fields.get(name):
            raise MissingField(name)
    market.limits.count_gift(request.address)
    reasons = market.captcha.check(token)
    if reasons:
        raise CaptchaRefused(reasons)
    try:
        await market.mailer.send({name: text for name, text in written.items() if text})
    except MailNotSent as error:
        raise HttpRefused(
            503, "mail_not_sent", "the mail was not sent, try again", ((b"retry-after", b"60"),)
        ) from error
    return SUCCESS


def _shorten(fields: Fields, name: str, limit: int) -> str:
    """A field as one line of text, whatever it is; lone surrogates and control characters are replaced."""
    value = fields.get(name)
    text = "" if value is None else str(value)
    return "".join(each if each.isprintable() else " " for each in text[:limit]).encode("utf-8", "replace").decode()
