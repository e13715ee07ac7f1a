"""What `NodeClient` adds to the contract suite: hostile, slow and absent nodes, and life without other packages."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from datasouk.client.node import NodeClient
from datasouk.ledger import Indexation, Message
from datasouk.ledger.answers import NodeTimeout, NodeUnavailable

_MESSAGE = Message(7, (bytes(32),), payload=Indexation(b"index", b"data"))
_ID = _MESSAGE.message_id()
_METADATA = {"messageId": _ID.hex(), "parentMessageIds": ["00" * 32], "isSolid": True}


def _answer(body: bytes, status: str = "200 OK", extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n%s\r\n%s" % (status.encode(), len(body), extra, body)


def _data(value: object) -> bytes:
    return _answer(json.dumps({"data": value}).encode())


class Peer:
    """A server that answers each connection by a function; knows how many there were."""

    def __init__(self, serve: Callable[[socket.socket, int], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        self._serve = serve
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                with connection, suppress(OSError):
                    self._serve(connection, self.connections)


@contextmanager
def peer(serve: Callable[[socket.socket, int], None]) -> Iterator[Peer]:
    server = Peer(serve)
    try:
        yield server
    finally:
        server.listener.close()


def always(*answers: bytes) -> Callable[[socket.socket, int], None]:
    """Give these answers, one for each request on a connection, and close."""

    def serve(connection: socket.socket, _number: int) -> None:
        with connection.makefile("rb") as requests:
            for answer in answers:
                length = 0
                while line := requests.readline().strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line[15:])
                requests.read(length)
                connection.sendall(answer)

    return serve


def test_absent_node_is_unavailable() -> None:
    with NodeClient("http://127.0.0.1:9") as node, pytest.raises(NodeUnavailable, match="cannot be reached"):
        node.info()


def test_connection_is_kept_and_replaced_when_it_was_closed() -> None:
    with peer(always(_data(_METADATA), _data(_METADATA))) as server, NodeClient(server.url) as node:
        for _ in range(4):
            assert node.metadata(_ID).message_id == _ID
        assert server.connections == 2


def test_reading_survives_a_connection_that_ends_at_once() -> None:
    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(65_536)
        connection.sendall(_data(_METADATA))
        if number == 1:
            connection.recv(65_536)

    with peer(serve) as server, NodeClient(server.url) as node:
        node.metadata(_ID)
        assert node.metadata(_ID).message_id == _ID
        assert server.connections == 2


def test_submitting_is_not_tried_again() -> None:
    def serve(connection: socket.socket, _number: int) -> None:
        connection.recv(65_536)

    with peer(serve) as server, NodeClient(server.url) as node:
        with pytest.raises(NodeUnavailable):
            node.submit_data(b"index", b"data")
        assert server.connections == 1


def test_submitted_data_is_read_back() -> None:
    answers = (_data({"messageId": _ID.hex()}), _answer(_MESSAGE.to_bytes()))
    with peer(always(*answers)) as server, NodeClient(server.url) as node:
        assert node.submit_data(b"index", b"data") == _ID
    with (
        peer(always(*answers)) as server,
        NodeClient(server.url) as node,
        pytest.raises(NodeUnavailable, match="not the one submitted"),
    ):
        node.submit_data(b"index", b"other data")


@pytest.mark.parametrize(
    ("start", "drip"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), (b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", b"x")],
    ids=["status", "headers", "body"],
)
def test_node_that_drips_is_given_up_in_time(start: bytes, drip: bytes) -> None:
    def serve(connection: socket.socket, _number: int) -> None:
        connection.recv(65_536)
        connection.sendall(start)
        while True:
            connection.sendall(drip)
            time.sleep(0.02)

    with peer(serve) as server, NodeClient(server.url, timeout_seconds=0.4) as node:
        began = time.monotonic()
        with pytest.raises(NodeUnavailable):
            node.metadata(_ID)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        _answer(b" " * (2**20 + 1)),
        _answer(b"", extra=b"content-encoding: gzip\r\n"),
        _answer(b"", "307 Temporary Redirect", b"location: http://127.0.0.1:9/\r\n"),
        _answer(b"<html>"),
        _answer(b"", "503 Service Unavailable"),
    ],
    ids=range(11),
)
def test_rubbish_is_unavailable(answer: bytes) -> None:
    with (
        peer(always(answer)) as server,
        NodeClient(server.url, timeout_seconds=2) as node,
        pytest.raises(NodeUnavailable),
    ):
        node.metadata(_ID)


def test_waiting_survives_a_node_that_is_away_and_ends_in_time() -> None:
    referenced = {**_METADATA, "referencedByMilestoneIndex": 3, "ledgerInclusionState": "noTransaction"}
    answers = (_answer(b"", "503 Service Unavailable"), _data(_METADATA), _data(referenced))
    with peer(always(*answers)) as server, NodeClient(server.url) as node:
        assert node.wait_included(_ID, timeout_seconds=5).referenced_by == 3
    with (
        peer(always(*[_data(_METADATA)] * 9)) as server,
        NodeClient(server.url) as node,
        pytest.raises(NodeTimeout, match=_ID.hex()),
    ):
        node.wait_included(_ID, timeout_seconds=0.1)


def test_configured_coordinator_keys_are_not_asked_for() -> None:
    node = NodeClient("http://127.0.0.1:9", coordinator_keys=[b"\x01" * 32])
    assert node.coordinator_keys() == (b"\x01" * 32,)


@pytest.mark.slow
def test_needs_no_other_package() -> None:
    code = (
        "import sys\n"
        "class Deny:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] not in sys.stdlib_module_names | {'datasouk'}: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Deny())\n"
        "from datasouk.client.node import NodeClient\n"
        "from datasouk.ledger.answers import NodeUnavailable\n"
        "try: NodeClient('http://127.0.0.1:9').submit_data(b'a', b'b')\n"
        "except NodeUnavailable: print('fine')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fine\n"
