"""What `ExternalNode` adds to the contract suite: hostile, slow and absent nodes."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from datasouk.ledger import Indexation, Message
from datasouk.ledger.answers import NodeTimeout, NodeUnavailable
from datasouk.node.external import ExternalNode

pytestmark = pytest.mark.anyio
_MESSAGE = Message(7, (bytes(32),), payload=Indexation(b"index", b"data"))
_ID = _MESSAGE.message_id()
_UNREFERENCED = {"messageId": _ID.hex(), "parentMessageIds": ["00" * 32], "isSolid": True}
_REFERENCED = {**_UNREFERENCED, "referencedByMilestoneIndex": 3, "ledgerInclusionState": "noTransaction"}


def _node(answer: Callable[[httpx2.Request], httpx2.Response], timeout_seconds: float = 5) -> ExternalNode:
    return ExternalNode("http://node", transport=httpx2.MockTransport(answer), timeout_seconds=timeout_seconds)


class _Stream(httpx2.AsyncByteStream):
    """A body that comes from the net, as far as the client can tell."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def _respond(status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> httpx2.Response:
    return httpx2.Response(status, stream=_Stream(content), headers=headers)


def _data(value: object, status: int = 200) -> httpx2.Response:
    return _respond(status, json.dumps({"data": value}).encode())


async def test_absent_node_is_unavailable() -> None:
    async with ExternalNode("http://127.0.0.1:9") as node:
        with pytest.raises(NodeUnavailable, match="the node cannot be reached"):
            await node.info()


async def test_silent_node_is_given_up_in_time() -> None:
    gone = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"x: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        gone.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with ExternalNode(f"http://127.0.0.1:{port}", timeout_seconds=0.3) as node:
        start = asyncio.get_running_loop().time()
        with pytest.raises(NodeUnavailable, match=r"did not answer within 0\.3 seconds"):
            await node.info()
        assert asyncio.get_running_loop().time() - start < 2
    await asyncio.wait_for(gone.wait(), 5)
    server.close()


async def test_endless_answer_is_cut() -> None:
    taken = 0

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 65_536
                yield b" " * 65_536

    async with _node(lambda _: httpx2.Response(200, stream=Endless())) as node:
        with pytest.raises(NodeUnavailable, match="longer than 1048576 bytes"):
            await node.info()
    assert taken < 2 * 2**20


async def test_compressed_answer_is_refused() -> None:
    async with _node(lambda _: _respond(200, headers={"content-encoding": "gzip"})) as node:
        with pytest.raises(NodeUnavailable, match="compresses"):
            await node.info()


async def test_redirects_are_not_followed() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        return _respond(307, headers={"location": "http://elsewhere/"})

    async with _node(answer) as node:
        with pytest.raises(NodeUnavailable, match="the node answered 307"):
            await node.submit(None)
    assert asked == ["node"]


async def test_submitted_message_is_read_back() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return _data({"messageId": _ID.hex()}, 201)
        return _respond(200, _MESSAGE.to_bytes())

    async with _node(answer) as node:
        assert await node.submit(_MESSAGE.payload) == _ID
        with pytest.raises(NodeUnavailable, match="not the one submitted"):
            await node.submit(Indexation(b"index", b"other data"))


async def test_id_of_an_unknown_message_is_a_lie() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return _data({"messageId": _ID.hex()}, 201) if request.method == "POST" else _respond(404)

    async with _node(answer) as node:
        with pytest.raises(NodeUnavailable, match="does not know the message"):
            await node.submit(None)


class TestBrokenConnection:
    @staticmethod
    def breaking(times: int) -> tuple[ExternalNode, list[str]]:
        asked: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            asked.append(request.method)
            if len(asked) <= times:
                raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
            return _data(_UNREFERENCED)

        return _node(answer), asked

    async def test_reading_is_tried_once_more(self) -> None:
        node, asked = self.breaking(1)
        assert (await node.metadata(_ID)).message_id == _ID
        assert asked == ["GET", "GET"]

    async def test_but_not_for_ever(self) -> None:
        node, asked = self.breaking(9)
        with pytest.raises(NodeUnavailable, match="disconnected"):
            await node.metadata(_ID)
        assert asked == ["GET", "GET"]

    async def test_submitting_is_not_tried_again(self) -> None:
        node, asked = self.breaking(9)
        with pytest.raises(NodeUnavailable):
            await node.submit(None)
        assert asked == ["POST"]


class TestWaiting:
    async def test_survives_a_node_that_is_away_for_a_while(self) -> None:
        answers = [_respond(503), _data(_UNREFERENCED), _respond(502), _data(_REFERENCED)]
        async with _node(lambda _: answers.pop(0)) as node:
            assert (await node.wait_included(_ID, timeout_seconds=5)).referenced_by == 3

    async def test_ends_in_time(self) -> None:
        async with _node(lambda _: _data(_UNREFERENCED)) as node:
            with pytest.raises(NodeTimeout, match=_ID.hex()):
                await node.wait_included(_ID, timeout_seconds=0.1)
        async with _node(lambda _: _respond(503)) as node:
            with pytest.raises(NodeUnavailable, match="503"):
                await node.wait_included(_ID, timeout_seconds=0.1)


async def test_configured_coordinator_keys_are_not_asked_for() -> None:
    keys = (b"\x01" * 32, b"\x02" * 32)
    async with ExternalNode("http://127.0.0.1:9", coordinator_keys=keys) as node:
        assert await node.coordinator_keys() == keys


async def test_path_of_the_url_stands_before_every_path() -> None:
    paths = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.path)
        return _data(_UNREFERENCED)

    node = ExternalNode("http://node/one/", transport=httpx2.MockTransport(answer))
    await node.metadata(_ID)
    assert paths == [f"/one/api/v1/messages/{_ID.hex()}/metadata"]
