"""A plain client over TCP for tests, which does only what it is told: no pings, no reading ahead."""

import asyncio
from types import TracebackType
from typing import Self

from tests.node import mqtt_wire as wire
from tests.node.mqtt_wire import Received

__all__ = ["TcpClient"]


class TcpClient:
    """Use as ``async with TcpClient(port) as client``."""

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        self._port = port
        self._limit = receive_buffer_bytes or 2**16
        self._packets: list[Received] = []
        self._rest = b""

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port, limit=self._limit)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self) -> Received:
        """The next packet."""
        while not self._packets:
            data = await self.reader.read(2**16)
            if not data:
                raise ConnectionError("the broker has closed the connection")
            self._packets, self._rest = wire.split_packets(self._rest + data)
        return self._packets.pop(0)

    async def connect(self, client_id: str = "test", *, keep_alive: int = 0) -> None:
        self.send(wire.connect(client_id, keep_alive=keep_alive))
        assert await self.receive() == Received(0x20, b"\0\0")

    async def subscribe(self, *filters: str) -> None:
        self.send(wire.subscribe(*filters))
        assert await self.receive() == Received(0x90, b"\0\1" + bytes(len(filters)))

    async def ping(self) -> None:
        """After this the broker has done all that was sent before."""
        self.send(wire.PINGREQ)
        assert await self.receive() == Received(0xD0, b"")

    async def is_cut(self) -> bool:
        """Wait until the broker closes the connection, whatever it sends before."""
        try:
            while await self.reader.read(2**16):
                pass
        except ConnectionError:
            pass
        return True
