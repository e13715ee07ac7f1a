"""Ways to run asynchronous tests: on an ordinary loop, and on one whose clock stands still until it is told to move."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

__all__ = ["ManualClockLoop", "asynchronous", "on_manual_clock"]

_P = ParamSpec("_P")
_Test = Callable[_P, Coroutine[Any, Any, None]]


class ManualClockLoop(asyncio.SelectorEventLoop):
    """An event loop for tests without sockets: timers go off by `advance` alone."""

    def __init__(self) -> None:
        self._now = 1_000.0
        super().__init__()

    def time(self) -> float:
        return self._now

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due."""
        self._now += seconds
        for _ in range(5):
            await asyncio.sleep(0)


def asynchronous(test: _Test[_P]) -> Callable[_P, None]:
    """Run a test function on a loop of its own, ten seconds at most."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        async def limited() -> None:
            async with asyncio.timeout(10):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run


def on_manual_clock(test: _Test[_P]) -> Callable[_P, None]:
    """Run a test function on a `ManualClockLoop`, which it gets by `asyncio.get_running_loop`."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with asyncio.Runner(loop_factory=ManualClockLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
