"""A node in memory for tests: as honest as the real one about what the broker asks of it.

What happens is remembered first and published afterwards, and a look-up takes a turn of the event loop.
"""

import asyncio
from typing import TypeVar, assert_never

from datasouk.ledger.answers import MessageMetadata, MilestoneInfo, NotInLedger, OutputState
from datasouk.ledger.outputs import make_output_id
from datasouk.node.events import (
    Event,
    EventHub,
    MessageAttached,
    MessageReferenced,
    MilestoneConfirmed,
    OutputChanged,
    TransactionIncluded,
)

__all__ = ["FakeNode"]

_T = TypeVar("_T")


class FakeNode:
    """Attributes: lookups, the number of look-ups so far; gate, closed while look-ups are to hang."""

    def __init__(self) -> None:
        self.events = EventHub()
        self.hrp = "atoi"
        self.lookups = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._milestone = MilestoneInfo(1, bytes(32), 1_699_999_990)
        self._raw: dict[bytes, bytes] = {}
        self._metadata: dict[bytes, MessageMetadata] = {}
        self._outputs: dict[bytes, OutputState] = {}
        self._included: dict[bytes, bytes] = {}

    def happen(self, event: Event) -> None:
        match event:
            case MessageAttached():
                self._raw[event.message_id] = event.raw
                self._metadata[event.message_id] = event.metadata
            case MessageReferenced(metadata):
                self._metadata[metadata.message_id] = metadata
            case MilestoneConfirmed(milestone):
                self._milestone = milestone
            case TransactionIncluded(transaction_id, raw):
                self._included[transaction_id] = next(each for each, data in self._raw.items() if data == raw)
            case OutputChanged(output):
                self._outputs[make_output_id(output.transaction_id, output.output_index)] = output
            case _:
                assert_never(event)
        self.events.publish(event)

    def latest_milestone(self) -> MilestoneInfo:
        return self._milestone

    async def metadata(self, message_id: bytes) -> MessageMetadata:
        return await self._look_up(self._metadata, message_id)

    async def output(self, output_id: bytes) -> OutputState:
        return await self._look_up(self._outputs, output_id)

    async def included_message(self, transaction_id: bytes) -> bytes:
        return await self._look_up(self._included, transaction_id)

    async def raw(self, message_id: bytes) -> bytes:
        return await self._look_up(self._raw, message_id)

    async def _look_up(self, table: dict[bytes, _T], key: bytes) -> _T:
        self.lookups += 1
        value = table.get(key)
        await asyncio.sleep(0)
        await self.gate.wait()
        if value is None:
            raise NotInLedger("object", key.hex())
        return value
