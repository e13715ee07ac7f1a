"""The ASGI application around the REST handlers: finds the handler, and does what is the same for every route.

That is: HEAD wherever there is GET, 404 and 405 in the envelope of failure, any origin may read (CORS), long answers
are compressed for clients that ask for it. docs/decisions/0013-node-without-framework.md says why no framework does it.
"""

import gzip
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from datasouk.node.rest_errors import answer_error
from datasouk.node.rest_http import Handler, Headers, HttpRefused, Receive, RestAnswer, RestRequest, Scope, Send
from datasouk.node.rest_ports import RestContext

__all__ = ["AsgiApp", "RestApp", "Route"]

AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
_MQTT_PATH = "/mqtt"  # iota-client makes this of the node's URL and cannot be told another.
_COMPRESS_FROM_BYTES = 1024
_COMPRESSION_LEVEL = 1  # Hexadecimal digits come to half their size at any level.
_CORS: Headers = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"Location"))
_PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, Authorization, Content-Type"),
    (b"access-control-max-age", b"86400"),
)


@dataclass(frozen=True, slots=True)
class Route:
    """Who serves a method of a path; ``{name}`` in the path stands for any one segment."""

    method: str
    path: str
    handler: Handler


@dataclass(slots=True)
class _Node:
    """A segment of paths, and what may follow it."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    variable_name: str = ""
    handlers: dict[str, Handler] = field(default_factory=dict)


class RestApp:
    """The application.

    Args:
        context: What the handlers work with.
        routes: All of them; where a fixed and a variable segment both fit, the fixed one is taken.
        websocket: Serves MQTT at ``/mqtt``; None: there is none.
    """

    def __init__(self, context: RestContext, routes: Iterable[Route], websocket: AsgiApp | None) -> None:
        self._context = context
        self._websocket = websocket
        self._root = _Node()
        for route in routes:
            self._add(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket connection."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            if self._websocket is not None and scope["path"] == _MQTT_PATH:
                await self._websocket(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        try:
            answer = await self._answer(scope, receive, "GET" if method == "HEAD" else method)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is becomes an answer.
            answer = answer_error(error)
        headers: list[tuple[bytes, bytes]] = [*_CORS, *answer.headers]
        body = answer.body
        if answer.status != 204:
            headers.append((b"content-type", answer.media_type))
            if len(body) >= _COMPRESS_FROM_BYTES and _takes_gzip(scope):
                body = gzip.compress(body, _COMPRESSION_LEVEL, mtime=0)
                headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    async def _answer(self, scope: Scope, receive: Receive, method: str) -> RestAnswer:
        handlers, path_fields = self._find(scope["path"])
        handler = handlers.get(method)
        if handler is not None:
            return await handler(self._context, RestRequest(scope, receive, path_fields))
        names = ", ".join([*handlers, *(["HEAD"] if "GET" in handlers else []), "OPTIONS"])
        allow = ((b"allow", names.encode()),)
        if method == "OPTIONS":
            return RestAnswer(b"", 204, headers=(*allow, *_PREFLIGHT))
        raise HttpRefused(405, f"{method} is not allowed here, only {names}", allow)

    def _find(self, path: str) -> tuple[dict[str, Handler], dict[str, str]]:
        node = self._root
        fields = {}
        for segment in path.rstrip("/").split("/")[1:]:
            child = node.children.get(segment)
            if child is None:
                child = node.variable
                if child is None or not segment:
                    raise HttpRefused(404, "there is no such route")
                fields[node.variable_name] = segment
            node = child
        if not node.handlers:
            raise HttpRefused(404, "there is no such route")
        return node.handlers, fields

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.split("/")[1:]:
            if segment.startswith("{"):
                name = segment.strip("{}")
                node.variable = node.variable or _Node()
                assert node.variable_name in ("", name), "one place in a path has one name"
                node.variable_name = name
                node = node.variable
            else:
                node = node.children.setdefault(segment, _Node())
        assert route.method not in node.handlers, "a method of a path has one handler"
        node.handlers[route.method] = route.handler


def _takes_gzip(scope: Scope) -> bool:
    """Whether the client lists gzip; a weight of zero, which nobody sends, is not looked for."""
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
