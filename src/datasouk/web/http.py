"""Requests and answers of the web application, before any handler gives them a meaning.

One kind of handler serves every route: a function from the market and a request to an answer.  Whatever it cannot do
it raises; `datasouk.web.errors` makes the answer of that.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from datasouk.web.fields import Fields, read_form, read_json, read_query

if TYPE_CHECKING:
    from datasouk.web.ports import Market

__all__ = [
    "MAX_BODY_BYTES",
    "SUCCESS",
    "Answer",
    "AsgiApp",
    "Handler",
    "Headers",
    "HttpRefused",
    "Receive",
    "Request",
    "Scope",
    "Send",
    "answer_json",
]

# The types of ASGI (asgi.readthedocs.io, HTTP and WebSocket message format, version 2.3).
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

MAX_BODY_BYTES = 256 * 1024
"""D16."""
JSON = b"application/json; charset=utf-8"
_JSON_TYPE = "application/json"
_FORM_TYPE = "application/x-www-form-urlencoded"
_PLAIN_ENCODINGS = (b"", b"identity")
_UTF8 = ("", "utf-8", "utf8", "us-ascii")


class HttpRefused(Exception):
    """A request that HTTP itself forbids, before any handler looks at what it means.

    Attributes:
        status: 400 to 503.
        code: One word for machines.
        headers: What the answer says beside.
    """

    def __init__(self, status: int, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client.

    Attributes:
        may_cache: Whether the answer says itself how it may be kept; all others say ``no-store``.
    """

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Headers = ()
    may_cache: bool = False


SUCCESS = Answer(b'{"success":true}')


class Request:
    """What a handler may know of a request.

    Args:
        scope: ASGI's description of the request.
        receive: ASGI's way to its body.
        request_id: Names the request in logs and errors.
    """

    __slots__ = ("_query", "_receive", "notes", "request_id", "scope")

    def __init__(self, scope: Scope, receive: Receive, request_id: str) -> None:
        self.scope = scope
        self._receive = receive
        self._query: Fields | None = None
        self.request_id = request_id
        self.notes: list[tuple[bytes, bytes]] = []
        """Headers that the answer gets, whatever it is."""

    @property
    def query(self) -> Fields:
        """The fields of the query.

        Raises:
            InvalidField: A field comes twice, or there are too many.
        """
        if self._query is None:
            self._query = read_query(self.scope["query_string"])
        return self._query

    @property
    def address(self) -> str:
        """The client's network address; empty if the server does not know it."""
        client = self.scope.get("client")
        return client[0] if client else ""

    def header(self, name: bytes) -> bytes:
        """A header by its name in lower case; empty if it is not there."""
        for key, value in self.scope["headers"]:
            if key == name:
                return bytes(value)
        return b""

    async def fields(self) -> Fields:
        """The fields of the body; none, if it has another media type than JSON or a flat form (D16).

        Raises:
            HttpRefused: It is too long (413), compressed (415), or ends early.
            InvalidField: It is not what its media type says.
        """
        media_type, _, parameters = self.header(b"content-type").decode("latin-1").lower().partition(";")
        body = await self.body()
        if media_type.strip() not in (_JSON_TYPE, _FORM_TYPE):
            return Fields({})
        charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
        if charset not in _UTF8:
            raise HttpRefused(415, "unsupported_charset", "the body must be UTF-8")
        return read_json(body) if media_type.strip() == _JSON_TYPE else read_form(body)

    async def body(self) -> bytes:
        """The body; that it arrives in time is the server's care (`datasouk.serving`).

        Raises:
            HttpRefused: It is longer than 256 KiB (413), which is said before it is read if its length is announced;
                it is compressed (415); or the client has gone away in the middle of it.
        """
        if self.header(b"content-encoding").lower() not in _PLAIN_ENCODINGS:
            raise HttpRefused(415, "unsupported_encoding", "the body must not be compressed")
        announced = self.header(b"content-length")
        if announced.isdigit() and int(announced[:20]) > MAX_BODY_BYTES:
            raise _too_large()
        chunks: list[bytes] = []
        size = 0
        while True:
            event = await self._receive()
            if event["type"] != "http.request":
                raise HttpRefused(400, "body_incomplete", "the body ends early")
            chunk = event.get("body", b"")
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise _too_large()
            chunks.append(chunk)
            if not event.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


Handler = Callable[["Market", Request], Awaitable[Answer]]


def answer_json(value: object, *, status: int = 200, headers: Headers = ()) -> Answer:
    """Make an answer of a value."""
    return Answer(msgspec.json.encode(value), status, headers=headers)


def answer_error(status: int, error: object, code: str, request_id: str, **more: object) -> Answer:
    """Make the answer of a refusal: the text, the word for machines, and what the request is called in the log."""
    return answer_json({**more, "error": error, "code": code, "requestId": request_id}, status=status)


def _too_large() -> HttpRefused:
    return HttpRefused(413, "too_large", f"the body is longer than {MAX_BODY_BYTES} bytes")
