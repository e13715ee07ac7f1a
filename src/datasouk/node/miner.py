"""Proof of work for whoever has not done it: in worker processes, so that the event loop never waits for it.

The processes end with the node, however it ends.
"""

import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from datasouk.ledger import Message
from datasouk.ledger.answers import NodeUnavailable
from datasouk.ledger.pow import mine, pow_score

__all__ = ["Miner"]

_MOST_WAITING = 64


class Miner:
    """Does the proof of work of one network.

    Args:
        min_score: What messages must reach; 0 asks for nothing, and no process is ever started.
    """

    def __init__(self, min_score: float) -> None:
        self._min_score = min_score
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = 0

    def is_enough(self, raw: bytes) -> bool:
        """Whether a message's wire form reaches the score."""
        return self._min_score <= 0 or pow_score(raw) >= self._min_score

    async def mine(self, message: Message, *, own: bool = False) -> Message:
        """The message with a nonce that reaches the score.

        Args:
            own: The node's own message, such as a milestone: it is never refused for what clients ask for.

        Raises:
            NodeUnavailable: Too many messages wait for their proof of work, or a process of the miner has died.
        """
        if self.is_enough(message.to_bytes()):
            return message
        if self._waiting >= _MOST_WAITING and not own:
            raise NodeUnavailable(
                f"{_MOST_WAITING} messages wait for their proof of work; try again, or do it yourself"
            )
        if self._pool is None:
            # Not a fork: this process has threads.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                max_workers=os.cpu_count() or 1, mp_context=context, initializer=_belong_to_parent
            )
        pool = self._pool
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, mine, message, self._min_score)
        except BrokenProcessPool as error:
            # It stays broken; the next message gets a new one.
            if self._pool is pool:
                self._pool = None
            raise NodeUnavailable("a process that did the proof of work has died; try again") from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the processes, in the middle of their work if need be."""
        if self._pool is not None:
            # There is no public way before Python 3.14; and without one, this process would not end before they do.
            workers = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.kill()


def _belong_to_parent() -> None:
    """In a worker process: live as long as the node and not longer.

    A worker of the pool waits for work on a pipe of which it holds both ends itself, so that it would never learn that
    the node was killed.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None, "workers are started by a node"
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
