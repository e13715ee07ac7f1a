"""What machines of the operator ask: ``/healthz``, ``/readyz``, ``/metrics``, and the total of the ledger."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

from datasouk.errors import DatasoukError
from datasouk.ledger.outputs import TOKEN_SUPPLY_IOTA
from datasouk.web.http import Answer, HttpRefused, Request, answer_json
from datasouk.web.metrics import CONTENT_TYPE
from datasouk.web.ports import Market

__all__ = ["Checks", "get_healthz", "get_ledger_total", "get_metrics", "get_readyz"]

_PATIENCE_SECONDS = 5.0
_ALIVE = Answer(b'{"status":"ok"}')


async def get_healthz(_market: Market, _request: Request) -> Answer:
    """``GET /healthz``: whether the process answers at all."""
    return _ALIVE


async def get_readyz(market: Market, _request: Request) -> Answer:
    """``GET /readyz``: 200 if the marketplace can do its work, else 503; what is wrong in words."""
    problems = await market.readiness.problems()
    if not problems:
        warnings = await market.readiness.warnings()
        return answer_json({"status": "ok", "warnings": warnings}) if warnings else _ALIVE
    return answer_json({"status": "not ready", "problems": problems}, status=503, headers=((b"retry-after", b"5"),))


async def get_metrics(market: Market, _request: Request) -> Answer:
    """``GET /metrics``: counters for Prometheus."""
    if not market.options.shows_metrics:
        raise HttpRefused(404, "no_such_route", "there is no such route")
    return Answer(market.metrics.show(await market.readiness.gauges()), media_type=CONTENT_TYPE)


async def get_ledger_total(market: Market, _request: Request) -> Answer:
    """``GET /v2/ledger/total``: the supply, and what the unspent outputs add up to (D6); they are equal."""
    if market.unspent is None:
        # A Chrysalis node tells what addresses hold, and neither its outputs nor their sum.
        raise HttpRefused(404, "no_ledger_total", "the ledger is another node's, which does not tell the sum")
    return answer_json({"supply": TOKEN_SUPPLY_IOTA, "outputs": await market.unspent()})


class Checks:
    """Readiness, from a few questions that are asked anew each time.

    Args:
        problems: By part: answers what is wrong with it, in words, or nothing.
        gauges: By name: answers a number; left out while it cannot be told.
        warnings: As the problems, for what stops nothing yet.
    """

    def __init__(
        self,
        problems: Mapping[str, Callable[[], Awaitable[str]]],
        gauges: Mapping[str, Callable[[], Awaitable[float]]] | None = None,
        *,
        warnings: Mapping[str, Callable[[], Awaitable[str]]] | None = None,
    ) -> None:
        self._problems = problems
        self._gauges = gauges or {}
        self._warnings = warnings or {}

    async def problems(self) -> dict[str, str]:
        """What is wrong."""
        return await _ask(self._problems)

    async def warnings(self) -> dict[str, str]:
        """What will be wrong soon."""
        return await _ask(self._warnings)

    async def gauges(self) -> dict[str, float]:
        """Numbers."""
        found = {}
        for name, ask in self._gauges.items():
            with contextlib.suppress(DatasoukError, TimeoutError):
                found[name] = await asyncio.wait_for(ask(), _PATIENCE_SECONDS)
        return found


async def _ask(questions: Mapping[str, Callable[[], Awaitable[str]]]) -> dict[str, str]:
    found = {}
    for part, ask in questions.items():
        try:
            wrong = await asyncio.wait_for(ask(), _PATIENCE_SECONDS)
        except (DatasoukError, TimeoutError):
            wrong = "does not answer"
        if wrong:
            found[part] = wrong
    return found
