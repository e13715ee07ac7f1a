"""Devices over HTTP: P1, P6, P8, P9, and the original's ``GET /device`` and ``POST /toggleWhitelist``."""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass

from datasouk.market.descriptions import read_description
from datasouk.market.devices import PublicList
from datasouk.market.errors import CredentialsDisagree, InvalidField, MissingField
from datasouk.web.auth import read_api_key, require_account
from datasouk.web.http import SUCCESS, Answer, Handler, Request, answer_json
from datasouk.web.ports import Market

__all__ = ["delete_device", "get_device", "make_get_devices", "post_new_device", "post_toggle_whitelist"]

_COMPRESS_FROM_BYTES = 1024
_COMPRESSION_LEVEL = 1  # Higher levels cost much more time than they save bytes.
_LIST_HEADERS = ((b"cache-control", b"no-cache"), (b"vary", b"Origin, Accept-Encoding"))


def make_get_devices() -> Handler:
    """Make the handler of ``GET /devices``: the public list (P1), or the caller's own (P8)."""
    public = _PublicListCache()

    async def get_devices(market: Market, request: Request) -> Answer:
        user_id = request.query.text("userId")
        api_key = read_api_key(market, request, request.query) if user_id is not None else None
        if user_id is None or api_key is None:
            return await public.answer(market, request)
        account = await market.users.by_both(user_id, api_key)
        return Answer(await market.devices.own_list(account))

    return get_devices


async def get_device(market: Market, request: Request) -> Answer:
    """``GET /device``: one device, as everybody sees it."""
    return Answer(await market.devices.public(request.query.required("deviceId")))


async def post_new_device(market: Market, request: Request) -> Answer:
    """``POST /newDevice`` (P6)."""
    fields = await request.fields()
    api_key = read_api_key(market, request, fields)
    if api_key is None:
        raise MissingField("apiKey")
    # The original looks at the fields before it looks at the key.
    description = read_description(fields.get("id"), fields.get("device"))
    account = await market.users.by_api_key(api_key)
    market.limits.count_change(account.account_id)
    registered = await market.devices.register(account, description)
    return answer_json({"success": True, "sk": registered.secret})


async def delete_device(market: Market, request: Request) -> Answer:
    """``DELETE /delete`` and ``POST /delete`` (P9)."""
    fields = await request.fields()
    device_id = fields.required("deviceId")
    account = await require_account(market, request, fields)
    market.limits.count_change(account.account_id)
    await market.devices.remove(account, device_id)
    return SUCCESS


async def post_toggle_whitelist(market: Market, request: Request) -> Answer:
    """``POST /toggleWhitelist``: an admin approves a device, or takes it out of the explorer."""
    fields = await request.fields()
    device_id = fields.required("sensorId")
    is_inactive = _read_switch(fields.get("isInactive"))
    user_id = fields.required("uid")
    account = await require_account(market, request, fields)
    if not market.users.is_user_id_of(account, user_id):
        raise CredentialsDisagree
    await market.devices.set_inactive(account, device_id, is_inactive=is_inactive)
    return SUCCESS


def _read_switch(value: object) -> bool:
    if value is None:
        raise MissingField("isInactive")
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise InvalidField("isInactive", "true or false")


@dataclass(frozen=True, slots=True)
class _Packed:
    """A version of the public list: its name, and its compressed form."""

    version: int
    tag: str
    zipped: bytes


class _PublicListCache:
    """The public list, named and compressed once for each version of it."""

    def __init__(self) -> None:
        self._packed: _Packed | None = None
        self._packing = asyncio.Lock()

    async def answer(self, market: Market, request: Request) -> Answer:
        """The list, or word that the client has it already."""
        listed = await market.devices.public_list()
        packed = await self._pack(listed)
        takes_gzip = len(listed.body) >= _COMPRESS_FROM_BYTES and _takes_gzip(request)
        # A strong tag names bytes: the compressed ones are others.
        tag = f'"{packed.tag}{"-gzip" if takes_gzip else ""}"'.encode()
        headers = (*_LIST_HEADERS, (b"etag", tag))
        known = {each.strip().removeprefix(b"W/") for each in request.header(b"if-none-match").split(b",")}
        if tag in known or b"*" in known:
            return Answer(b"", 304, headers=headers, may_cache=True)
        if not takes_gzip:
            return Answer(listed.body, headers=headers, may_cache=True)
        return Answer(packed.zipped, headers=(*headers, (b"content-encoding", b"gzip")), may_cache=True)

    async def _pack(self, listed: PublicList) -> _Packed:
        async with self._packing:
            if self._packed is None or self._packed.version != listed.version:
                self._packed = await asyncio.to_thread(_pack, listed)
            return self._packed


def _pack(listed: PublicList) -> _Packed:
    # The tag is made of the bytes, as the version alone does not say which price is the default.
    tag = hashlib.blake2b(listed.body, digest_size=12).hexdigest()
    return _Packed(listed.version, tag, gzip.compress(listed.body, _COMPRESSION_LEVEL, mtime=0))


def _takes_gzip(request: Request) -> bool:
    for each in request.header(b"accept-encoding").lower().split(b","):
        name, _, weight = each.partition(b";")
        if name.strip() == b"gzip":
            return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False
