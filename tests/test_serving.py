"""The server under slow, greedy and broken clients, over real sockets."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

import pytest
from tests.serving import serving as serving_app
from websockets.asyncio.client import connect

from datasouk.serving import CannotListen, ServingLimits, open_socket

pytestmark = pytest.mark.anyio
_FAST = ServingLimits(header_seconds=0.3, body_seconds=0.4, idle_seconds=1, send_seconds=0.3, linger_seconds=0.3)
_GET = b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that is used in earnest: its transports close, abort and pause in their own ways."""
    return "asyncio", {"use_uvloop": True}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """/refuse answers 413 at once; /slow takes a while; /big sends much; everything else echoes the body's length."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": event["bytes"]})
        return
    if scope["type"] != "http":
        return
    status, body, path = 200, b"", scope["path"]
    if path == "/refuse":
        status, body = 413, b"too large"
    elif path == "/big":
        body = b"x" * 20_000_000
    elif path == "/slow":
        await asyncio.sleep(0.5)
        body = b"slow"
    else:
        size = 0
        while (event := await receive())["type"] == "http.request":
            size += len(event["body"])
            if not event["more_body"]:
                break
        body = b"%s %d" % (path.encode(), size)
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serving(limits: ServingLimits = _FAST, **options: Any) -> AbstractAsyncContextManager[int]:
    return serving_app(application, limits, **options)


class Client:
    """A connection that can be as rude as it likes."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def answer(self) -> tuple[int, bytes]:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head[9:12]), await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        try:
            return await asyncio.wait_for(self.reader.read(-1), 5)
        except ConnectionError:
            return b""

    async def drip(self, data: bytes) -> bytes:
        """Send it again and again; what the server says until it closes."""
        rest = asyncio.create_task(self.rest())
        while not rest.done():
            self.writer.write(data)
            await asyncio.sleep(0.05)
        return await rest

    async def flood(self, data: bytes, *, at_most: int) -> int:
        """Send it again and again until the server hangs up; returns how many bytes went away."""
        sent = 0
        with contextlib.suppress(OSError):
            while sent < at_most:
                self.writer.write(data)
                await self.writer.drain()
                sent += len(data)
        return sent


async def test_serves_and_keeps_the_connection() -> None:
    async with serving() as port, Client(port) as client:
        for number in range(3):
            client.writer.write(_GET % number)
            assert await client.answer() == (200, b"/%d 0" % number)


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with serving() as port, Client(port) as client:
        body = b"POST /post HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
        client.writer.write(_GET % 0 + body + _GET.replace(b"/%d", b"/slow") + _GET % 3)
        answers = [await client.answer() for _ in range(4)]
        assert answers == [(200, b"/0 0"), (200, b"/post 5"), (200, b"slow"), (200, b"/3 0")]


class TestSlowClients:
    async def test_300_connections_that_drip_headers_are_closed(self) -> None:
        async def drip(port: int) -> bytes:
            async with Client(port) as client:
                with contextlib.suppress(OSError):
                    for byte in b"GET / HTTP/1.1\r\nhost: x\r\nx-padding: " + b"x" * 60:
                        client.writer.write(bytes([byte]))
                        await client.writer.drain()
                        await asyncio.sleep(0.05)
                        if client.reader.at_eof():
                            break
                return await client.rest()

        async with serving() as port:
            start = time.monotonic()
            answers = await asyncio.gather(*[drip(port) for _ in range(300)])
            assert time.monotonic() - start < 4
            assert {answer[:12] for answer in answers} <= {b"HTTP/1.1 408", b""}
            async with Client(port) as client:
                client.writer.write(_GET % 1)
                assert await client.answer() == (200, b"/1 0")

    @pytest.mark.parametrize("start", [b"", b"\r\n", b"GET"])
    async def test_silence_is_closed(self, start: bytes) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(start)
            assert b"408" in await client.rest()

    async def test_empty_lines_between_requests_are_no_life_sign(self) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(_GET % 1)
            await client.answer()
            assert (await client.drip(b"\r\n"))[:12] == b"HTTP/1.1 408"

    async def test_body_that_drips_is_closed(self) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
            assert (await client.drip(b"x"))[:12] == b"HTTP/1.1 408"

    async def test_idle_connection_is_closed_without_a_word(self) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(_GET % 1)
            await client.answer()
            start = time.monotonic()
            assert await client.rest() == b""
            assert 0.5 < time.monotonic() - start < 2.5

    async def test_client_that_does_not_read_is_cut(self) -> None:
        async with serving() as port:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.setblocking(False)
                await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
                client.send(_GET.replace(b"%d", b"big"))
                await asyncio.sleep(1.5)
                taken = 0
                with contextlib.suppress(ConnectionError):
                    while data := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 2**20), 5):
                        taken += len(data)
                assert taken < 20_000_000

    async def test_a_slow_application_is_not_the_clients_fault(self) -> None:
        limits = ServingLimits(header_seconds=0.2, body_seconds=0.2, linger_seconds=0.2)
        async with serving(limits) as port, Client(port) as client:
            second = _GET % 2
            client.writer.write(_GET.replace(b"%d", b"slow") + second[:10])
            await asyncio.sleep(0.45)
            client.writer.write(second[10:])
            assert await client.answer() == (200, b"slow")
            assert await client.answer() == (200, b"/2 0")


class TestGreedyClients:
    @pytest.mark.parametrize("kind", [b"content-length: 268435456", b"transfer-encoding: chunked"])
    async def test_endless_body_after_a_refusal_is_not_read(self, kind: bytes) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(b"POST /refuse HTTP/1.1\r\nhost: x\r\n" + kind + b"\r\n\r\n")
            head = await client.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 413")
            assert b"connection: close" in head
            assert await client.reader.readexactly(9) == b"too large"
            sent = await client.flood(b"10000\r\n" + b"x" * 65_536 + b"\r\n", at_most=64 * 2**20)
            assert sent < 12 * 2**20  # What the kernel's buffers on both sides take.

    async def test_refusal_is_seen_by_who_sends_a_little_more(self) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n" + b"x" * 50_000)
            await asyncio.sleep(0.05)
            client.writer.write(b"x" * 50_000)
            assert (await client.answer()) == (413, b"too large")
            assert await client.rest() == b""

    async def test_whole_body_before_the_refusal_keeps_the_connection(self) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello" + _GET % 1)
            assert await client.answer() == (413, b"too large")
            assert await client.answer() == (200, b"/1 0")

    async def test_endless_headers_are_refused(self) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: ")
            assert await client.flood(b"x" * 10_000, at_most=2**25) < 2**24
            answer = await client.rest()
            assert answer[:12] in (b"HTTP/1.1 431", b"")

    async def test_endless_trailers_are_cut(self) -> None:
        limits = ServingLimits(request_bytes=500_000)
        async with serving(limits) as port, Client(port) as client:
            client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n")
            assert await client.flood(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 100, at_most=2**25) < 2**24


class TestBrokenRequests:
    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            + _GET % 1,
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n"
            + _GET % 1,
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
            b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        ],
        ids=range(9),
    )
    async def test_one_refusal_and_closed(self, request_bytes: bytes) -> None:
        async with serving() as port, Client(port) as client:
            client.writer.write(request_bytes)
            answer = await client.rest()
            assert answer.count(b"HTTP/1.1 ") <= 1
            assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 408")


class TestCaps:
    async def test_per_address(self) -> None:
        limits = ServingLimits(connections_per_address=2, linger_seconds=0.2)
        async with serving(limits) as port:
            async with Client(port) as first, Client(port) as second, Client(port) as third:
                first.writer.write(_GET % 1)
                second.writer.write(_GET % 2)
                assert await first.answer() == (200, b"/1 0")
                assert await second.answer() == (200, b"/2 0")
                assert (await third.rest()).startswith(b"HTTP/1.1 503")
            await asyncio.sleep(0.05)
            async with Client(port) as again:
                again.writer.write(_GET % 3)
                assert await again.answer() == (200, b"/3 0")

    async def test_in_total_and_not_for_proxies(self) -> None:
        limits = ServingLimits(connections=3, connections_per_address=1, linger_seconds=0.2)
        async with contextlib.AsyncExitStack() as stack:
            port = await stack.enter_async_context(serving(limits, trusted_proxies=frozenset({"127.0.0.1"})))
            clients = [await stack.enter_async_context(Client(port)) for _ in range(4)]
            for client in clients[:3]:
                client.writer.write(_GET % 1)
                assert await client.answer() == (200, b"/1 0")
            assert (await clients[3].rest()).startswith(b"HTTP/1.1 503")

    async def test_websockets_count_until_they_end(self) -> None:
        limits = ServingLimits(connections_per_address=1, linger_seconds=0.2)
        async with serving(limits) as port:
            async with connect(f"ws://127.0.0.1:{port}/") as channel:
                await channel.send(b"hello")
                assert await channel.recv() == b"hello"
                async with Client(port) as client:
                    assert (await client.rest()).startswith(b"HTTP/1.1 503")
            await asyncio.sleep(0.1)
            async with Client(port) as client:
                client.writer.write(_GET % 1)
                assert await client.answer() == (200, b"/1 0")

    async def test_websocket_outlives_the_deadline_for_headers(self) -> None:
        async with serving() as port, connect(f"ws://127.0.0.1:{port}/") as channel:
            await asyncio.sleep(1.2)
            await channel.send(b"hello")
            assert await channel.recv() == b"hello"


class TestStop:
    async def test_request_that_is_served_is_finished_and_the_connection_closed(self) -> None:
        async with serving() as port:
            client = await Client(port).__aenter__()
            client.writer.write(_GET.replace(b"%d", b"slow"))
            await asyncio.sleep(0.1)
        assert await client.answer() == (200, b"slow")
        assert await client.rest() == b""
        await client.__aexit__()

    @pytest.mark.slow
    def test_sigterm_ends_the_process_within_its_bound(self) -> None:
        code = (
            "import asyncio\n"
            "from tests.test_serving import application\n"
            "from datasouk.serving import ServingLimits, run, serve\n"
            "run(lambda: serve(application, host='127.0.0.1', port=0, limits=ServingLimits(shutdown_seconds=1),"
            " ready=lambda port: print(port, flush=True)))\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            port = int(process.stdout.readline())
            with (
                socket.create_connection(("127.0.0.1", port)) as half,
                socket.create_connection(("127.0.0.1", port)) as idle,
            ):
                half.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx")
                idle.send(_GET % 1)
                idle.recv(1000)
                start = time.monotonic()
                process.terminate()
                assert process.wait(10) == 0
                assert time.monotonic() - start < 4
            assert process.stderr
            assert b"Traceback" not in process.stderr.read()


class TestSocket:
    def test_taken_port_is_named(self) -> None:
        with open_socket("127.0.0.1", 0, backlog=1) as first:
            port = first.getsockname()[1]
            with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1 port {port}: "):
                open_socket("127.0.0.1", port, backlog=1)

    def test_unknown_host_is_named(self) -> None:
        with pytest.raises(CannotListen, match=r"no\.such\.host\.invalid"):
            open_socket("no.such.host.invalid", 0, backlog=1)

    def test_short_answers_are_sent_at_once(self) -> None:
        with open_socket("127.0.0.1", 0, backlog=1) as listener:
            assert listener.proto == socket.IPPROTO_TCP
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
