"""A node in front of the real one that refuses, is slow, or answers after it should have."""

import asyncio
from collections.abc import Sequence
from typing import Any

from datasouk.ledger import Payload
from datasouk.ledger.answers import MessageMetadata, NodeTimeout, NodeUnavailable, NotInLedger
from datasouk.node.embedded import EmbeddedNode


class MoodyNode:
    """Passes everything on, unless told otherwise.

    Attributes:
        is_away: Every call fails.
        loses_answers: So many submissions are carried out and then reported as failed.
        loses_messages: So many submissions are reported as done, and never happen.
        refuses_parents: Submissions with parents are refused.
        never_included: Nothing is ever reported as included.
        delay_seconds: Every call takes so long.
    """

    def __init__(self, node: EmbeddedNode) -> None:
        self._node = node
        self.is_away = False
        self.loses_answers = 0
        self.loses_messages = 0
        self.refuses_parents = False
        self.never_included = False
        self.delay_seconds = 0.0
        self.submitted = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._node, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            await self._mood()
            return await method(*arguments, **options)

        return call

    async def _mood(self) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        if self.is_away:
            raise NodeUnavailable("the node is away")

    async def submit(self, payload: Payload | None, *, parents: Sequence[bytes] | None = None) -> bytes:
        await self._mood()
        self.submitted += 1
        if self.loses_messages:
            self.loses_messages -= 1
            return b"\x07" * 32
        if self.refuses_parents and parents:
            parents = [b"\x08" * 32]
        message_id = await self._node.submit(payload, parents=parents)
        if self.loses_answers:
            self.loses_answers -= 1
            raise NodeUnavailable("the connection broke")
        return message_id

    async def wait_included(self, message_id: bytes, *, timeout_seconds: float) -> MessageMetadata:
        await self._mood()
        if message_id == b"\x07" * 32:
            raise NotInLedger("message", message_id.hex())
        if self.never_included:
            await asyncio.sleep(min(timeout_seconds, 0.02))
            raise NodeTimeout("no milestone")
        return await self._node.wait_included(message_id, timeout_seconds=timeout_seconds)
