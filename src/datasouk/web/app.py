"""The ASGI application around the handlers: finds the handler, and does what is the same for every route.

That is: HEAD wherever there is GET, 404 and 405 as JSON, CORS, request ids, rate limits, errors, counting, the log.
``docs/decisions/0030-web-framework.md`` says why no framework does it.  Paths have no variable parts, so that a
dictionary is the whole router; other applications may be mounted below a prefix.
"""

import itertools
import logging
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from datasouk.web.auth import GUESSES
from datasouk.web.errors import answer_refusal
from datasouk.web.http import Answer, AsgiApp, Handler, HttpRefused, Receive, Request, Scope, Send
from datasouk.web.ports import Market

__all__ = ["Mount", "Route", "WebApp"]

_log = logging.getLogger(__name__)
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_NO_STORE = (b"cache-control", b"no-store")
_VARY = (b"vary", b"Origin")
_EXPOSED = (b"access-control-expose-headers", b"Deprecation, ETag, Retry-After, X-Request-Id")
_METHODS = (b"access-control-allow-methods", b"GET,HEAD,PUT,PATCH,POST,DELETE")
_VARY_PREFLIGHT = (b"vary", b"Origin, Access-Control-Request-Headers")


@dataclass(frozen=True, slots=True)
class Route:
    """Who serves a method of a path.

    Attributes:
        statuses: Statuses of error codes that are special to this route.
        missing: What this route says of a field that is missing, if it is not what most say.
        is_limited: Whether requests count against the limits.
    """

    method: str
    path: str
    handler: Handler
    statuses: Mapping[str, int] = field(default_factory=dict)
    missing: str | None = None
    is_limited: bool = True


@dataclass(frozen=True, slots=True)
class Mount:
    """Another application, which gets every request whose path is, or begins with, one of these."""

    app: AsgiApp
    paths: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def takes(self, path: str) -> bool:
        """Whether a path is this application's."""
        return path in self.paths or path.startswith(self.prefixes)


class WebApp:
    """The application.

    Args:
        market: What the handlers work with.
        routes: All of them.
        mounts: Other applications on the same origin, asked in this order for what no route has.
    """

    def __init__(self, market: Market, routes: Iterable[Route], mounts: Iterable[Mount] = ()) -> None:
        self._market = market
        self._mounts = tuple(mounts)
        self._routes: dict[str, dict[str, Route]] = {}
        for route in routes:
            methods = self._routes.setdefault(route.path, {})
            assert route.method not in methods, "a method of a path has one handler"
            methods[route.method] = route
        # Ids that cannot be guessed, and cost next to nothing: a random start, then counting.
        self._prefix = secrets.token_hex(5)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket connection."""
        kind = scope["type"]
        if kind == "http":
            methods = self._routes.get(scope["path"])
            mount = None if methods is not None else self._mount_of(scope["path"])
            if mount is not None:
                await mount.app(scope, receive, send)
            else:
                await self._serve(scope, receive, send, methods)
        elif kind == "websocket":
            mount = self._mount_of(scope["path"])
            if mount is not None:
                await mount.app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close"})
        elif kind == "lifespan":
            await _live(receive, send)

    def _mount_of(self, path: str) -> Mount | None:
        return next((each for each in self._mounts if each.takes(path)), None)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, methods: dict[str, Route] | None) -> None:
        started = time.perf_counter()
        method = scope["method"]
        request = Request(scope, receive, f"{self._prefix}{next(self._numbers):08x}")
        if methods is None:
            methods = self._routes.get(scope["path"].rstrip("/"))
        route = methods.get("GET" if method == "HEAD" else method) if methods else None
        try:
            answer = await self._answer(request, method, methods, route)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is becomes an answer.
            if isinstance(error, GUESSES):
                self._market.limits.count_refusal(request.address)
            answer = answer_refusal(
                error,
                request.request_id,
                statuses=route.statuses if route else None,
                missing=route.missing if route else None,
            )
        headers = _headers(request, answer, is_preflight=method == "OPTIONS")
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})
        finally:
            self._record(request, method, route, answer.status, time.perf_counter() - started)

    async def _answer(
        self, request: Request, method: str, methods: dict[str, Route] | None, route: Route | None
    ) -> Answer:
        if route is not None:
            if route.is_limited:
                self._market.limits.admit(request.address)
            return await route.handler(self._market, request)
        self._market.limits.admit(request.address)
        if methods is None:
            raise HttpRefused(404, "no_such_route", "there is no such route")
        names = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
        allow = ((b"allow", names.encode()),)
        if method == "OPTIONS":
            return Answer(b"", 204, headers=allow)
        raise HttpRefused(405, "method_not_allowed", f"this method is not allowed here, only {names}", allow)

    def _record(self, request: Request, method: str, route: Route | None, status: int, seconds: float) -> None:
        # The route, not the path: a path is the client's, and may hold anything.
        name = route.path if route else "none"
        self._market.metrics.count(name, status, seconds)
        if self._market.options.logs_requests:
            fields = {
                "request_id": request.request_id,
                "method": method if route or method == "OPTIONS" else "other",
                "route": name,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "address": request.address,
            }
            _log.info("request", extra=fields)


def _headers(request: Request, answer: Answer, *, is_preflight: bool) -> list[tuple[bytes, bytes]]:
    headers = [*_ALWAYS, *answer.headers, *request.notes, (b"x-request-id", request.request_id.encode())]
    if answer.status != 204:
        headers += [(b"content-type", answer.media_type), (b"content-length", b"%d" % len(answer.body))]
    if not answer.may_cache:
        headers.append(_NO_STORE)
    origin = request.header(b"origin")
    if origin:
        headers += [(b"access-control-allow-origin", origin), _EXPOSED]
    if is_preflight:
        headers += [_METHODS, _VARY_PREFLIGHT]
        asked = request.header(b"access-control-request-headers")
        if asked:
            headers.append((b"access-control-allow-headers", asked))
    elif not answer.may_cache:
        headers.append(_VARY)
    return headers


async def _live(receive: Receive, send: Send) -> None:
    """What there is to start and to stop, the composition root starts and stops."""
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
