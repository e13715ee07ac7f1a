"""What machines of the operator ask: ``/healthz``, ``/readyz``, ``/metrics``."""

from datasouk.web.http import Answer, HttpRefused, Request, answer_json
from datasouk.web.metrics import CONTENT_TYPE
from datasouk.web.ports import Market

__all__ = ["get_healthz", "get_metrics", "get_readyz"]

_ALIVE = Answer(b'{"status":"ok"}')


async def get_healthz(_market: Market, _request: Request) -> Answer:
    """``GET /healthz``: whether the process answers at all."""
    return _ALIVE


async def get_readyz(market: Market, _request: Request) -> Answer:
    """``GET /readyz``: 200 if the marketplace can do its work, else 503; what is wrong in words."""
    problems = await market.readiness.problems()
    if not problems:
        return _ALIVE
    return answer_json({"status": "not ready", "problems": problems}, status=503, headers=((b"retry-after", b"5"),))


async def get_metrics(market: Market, _request: Request) -> Answer:
    """``GET /metrics``: counters for Prometheus."""
    if not market.options.shows_metrics:
        raise HttpRefused(404, "no_such_route", "there is no such route")
    return Answer(market.metrics.show(await market.readiness.gauges()), media_type=CONTENT_TYPE)
