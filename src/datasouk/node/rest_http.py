"""Requests and answers of the REST interface.

One kind of handler serves all routes: a function from the context and a request to an answer. Whatever it cannot do it
raises; `datasouk.node.rest_errors` makes the answer of that.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from datasouk.ledger.errors import InvalidJson, MissingField
from datasouk.ledger.json_reader import MAX_JSON_BYTES
from datasouk.node.rest_ports import RestContext

__all__ = [
    "MAX_BODY_BYTES",
    "AsgiMessage",
    "Handler",
    "Headers",
    "HttpRefused",
    "Receive",
    "RestAnswer",
    "RestRequest",
    "Scope",
    "Send",
    "answer_data",
]

# The types of ASGI (asgi.readthedocs.io, HTTP and WebSocket message format, version 2.3).
AsgiMessage = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

MAX_BODY_BYTES = MAX_JSON_BYTES  # 1 MiB, HORNET's "1M".
JSON = b"application/json; charset=UTF-8"  # As HORNET's framework spells it.
OCTETS = b"application/octet-stream"
TEXT = b"text/plain; charset=UTF-8"
_MAX_QUERY_FIELDS = 16


class HttpRefused(Exception):
    """A request that HTTP itself forbids, before any handler looks at what it means."""

    def __init__(self, status: int, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """What goes back to the client."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Headers = ()


class RestRequest:
    """What a handler may know of a request.

    Args:
        scope: ASGI's description of the request.
        receive: ASGI's way to its body.
        path_fields: The variable parts of the path, by their names in the route.
    """

    __slots__ = ("_path_fields", "_receive", "_scope")

    def __init__(self, scope: Scope, receive: Receive, path_fields: Mapping[str, str]) -> None:
        self._scope = scope
        self._receive = receive
        self._path_fields = path_fields

    def has_path(self, name: str) -> bool:
        """Whether the route has this variable part."""
        return name in self._path_fields

    def path(self, name: str) -> str:
        """A variable part of the path."""
        return self._path_fields[name]

    def query(self, name: str) -> str | None:
        """A field of the query, the first of that name; None if it is not there.

        Raises:
            InvalidJson: The query holds too many fields.
        """
        text = self._scope["query_string"].decode("latin-1")
        try:
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS)
        except ValueError:
            raise InvalidJson("query", f"has more than {_MAX_QUERY_FIELDS} fields") from None
        return next((value for key, value in fields if key == name), None)

    def required_query(self, name: str) -> str:
        """A field of the query.

        Raises:
            MissingField: It is not there, or empty.
        """
        value = self.query(name)
        if not value:
            raise MissingField(f"query field {name}")
        return value

    def header(self, name: bytes) -> bytes:
        """A header by its name in lower case; empty if it is not there."""
        for key, value in self._scope["headers"]:
            if key == name:
                return bytes(value)
        return b""

    @property
    def says_json(self) -> bool:
        """Whether the client calls its body JSON."""
        return self.header(b"content-type").lower().startswith(b"application/json")

    async def body(self) -> bytes:
        """The body; that it arrives in time is the server's care (`datasouk.serving`).

        Raises:
            HttpRefused: It is longer than 1 MiB (413), which is said before it is read if its length is announced; or
                the client has gone away in the middle of it.
        """
        announced = self.header(b"content-length")
        if announced.isdigit() and int(announced[:20]) > MAX_BODY_BYTES:
            raise _too_large()
        chunks: list[bytes] = []
        size = 0
        while True:
            event = await self._receive()
            if event["type"] != "http.request":
                raise HttpRefused(400, "the body ends early")
            chunk = event.get("body", b"")
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise _too_large()
            chunks.append(chunk)
            if not event.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


Handler = Callable[[RestContext, RestRequest], Awaitable[RestAnswer]]


def answer_data(value: object, *, status: int = 200, headers: Headers = ()) -> RestAnswer:
    """Put a value into the envelope of success."""
    return RestAnswer(msgspec.json.encode({"data": value}), status, headers=headers)


def _too_large() -> HttpRefused:
    return HttpRefused(413, f"the body is longer than {MAX_BODY_BYTES} bytes")
