"""Who a request comes from: API keys in headers, bodies and queries, and user ids (decisions D1, D2).

Cookies are never looked at.
"""

from datasouk.market.errors import (
    CredentialsDisagree,
    MissingField,
    UnknownApiKey,
    UnknownUserId,
    WrongDeviceSecret,
)
from datasouk.market.records import Account
from datasouk.market.users import Caller
from datasouk.web.fields import Fields
from datasouk.web.http import HttpRefused, Request
from datasouk.web.ports import Market

__all__ = ["GUESSES", "find_consumer", "read_api_key", "require_account"]

GUESSES = (UnknownApiKey, UnknownUserId, WrongDeviceSecret, CredentialsDisagree)
"""What whoever guesses credentials runs into; counted by address."""
# When keys in queries were deprecated here: the first release.  RFC 9745, section 2.
_DEPRECATED = (b"deprecation", b"@1764547200")
_BEARER = b"bearer "


def read_api_key(market: Market, request: Request, fields: Fields) -> str | None:
    """The API key of a request, wherever it stands; None if there is none.

    Args:
        market: Says whether keys in queries are taken.
        request: For the headers and the query.
        fields: Of the body, or of the query if the call has no body.

    Raises:
        CredentialsDisagree: There are two, and they differ.
        HttpRefused: It is in the query, which the operator does not allow.
        InvalidField: It is no text.
    """
    found = set()
    authorization = request.header(b"authorization")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        found.add(authorization[len(_BEARER) :].strip().decode("latin-1"))
    header = request.header(b"x-api-key")
    if header:
        found.add(header.strip().decode("latin-1"))
    in_query = request.query.text("apiKey")
    if in_query is not None:
        if not market.options.accepts_query_keys:
            raise HttpRefused(403, "query_key_denied", "an API key in the query is not taken here: send it as a header")
        request.notes.append(_DEPRECATED)
        found.add(in_query)
    in_fields = fields.text("apiKey")
    if in_fields is not None:
        found.add(in_fields)
    if len(found) > 1:
        raise CredentialsDisagree
    return found.pop() if found else None


async def require_account(market: Market, request: Request, fields: Fields) -> Account:
    """The account whose API key the request brings.

    Raises:
        AccessRefused: The key is nobody's, or the account is disabled.
        MissingField: There is no key.
    """
    api_key = read_api_key(market, request, fields)
    if api_key is None:
        raise MissingField("apiKey")
    return await market.users.by_api_key(api_key)


async def find_consumer(market: Market, request: Request, fields: Fields, user_id: str) -> Caller:
    """Who wants to buy or to read: a user id, and the API key if there is one.

    Raises:
        AccessRefused: The user id or the key is nobody's, they disagree, or the key is needed too.
    """
    return await market.users.consumer(user_id, read_api_key(market, request, fields))
