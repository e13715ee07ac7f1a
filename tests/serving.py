"""An ASGI application on a port of its own, for a while, in this event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from datasouk.serving import ServingLimits, serve


@asynccontextmanager
async def serving(app: Any, limits: ServingLimits | None = None, **options: Any) -> AsyncIterator[int]:
    """Serve it; gives the port."""
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(app, host="127.0.0.1", port=0, limits=limits, ready=port.set_result, stop=stop, **options)
    )
    try:
        yield await asyncio.wait_for(port, 5)
    finally:
        stop.set()
        await asyncio.wait_for(task, 15)
