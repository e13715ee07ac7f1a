"""One suite for every way of reaching a node: in this process, over REST, and over REST from a blocking client.

To add an implementation: a context manager that gives a `Subject`, and an entry in ``SUBJECTS``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.contracts.node_contract import NodeContract, Subject
from tests.fakes import OPERATOR, FakeNode
from tests.serving import serving

from datasouk.client.node import NodeClient
from datasouk.market.ports import Node
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.external import ExternalNode
from datasouk.node.rest import create_node_app
from datasouk.node.rest_ports import RestNode
from datasouk.node.settings import NodeSettings


@asynccontextmanager
async def _fake(_folder: Path) -> AsyncIterator[Subject]:
    node = FakeNode(milestone_delay_seconds=0.1)  # Long enough for a test to see a message unreferenced.
    yield Subject(node, OPERATOR, node.settings.network_name)
    node.close()


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[Subject]:
    node = EmbeddedNode(folder, NodeSettings(value_delay_seconds=0.1, milestone_seconds=0.5))
    await node.start()
    try:
        yield Subject(node, node.operator_key, node.settings.network_name)
    finally:
        await node.close()


def _over_rest(open_inner: "SubjectFactory") -> "SubjectFactory":
    """An `ExternalNode` that talks to a served node."""

    @asynccontextmanager
    async def open_subject(folder: Path) -> AsyncIterator[Subject]:
        async with (
            open_inner(folder) as inner,
            serving(create_node_app(cast(RestNode, inner.node))) as port,
            ExternalNode(f"http://127.0.0.1:{port}") as node,
        ):
            yield Subject(node, inner.operator, inner.network_name)

    return open_subject


def _over_rest_blocking(open_inner: "SubjectFactory") -> "SubjectFactory":
    """A `NodeClient`, each call in a thread, one after the other."""

    @asynccontextmanager
    async def open_subject(folder: Path) -> AsyncIterator[Subject]:
        async with (
            open_inner(folder) as inner,
            serving(create_node_app(cast(RestNode, inner.node))) as port,
        ):
            with NodeClient(f"http://127.0.0.1:{port}") as client:
                yield Subject(cast(Node, _Threaded(client)), inner.operator, inner.network_name)

    return open_subject


class _Threaded:
    def __init__(self, client: NodeClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **options: Any) -> Any:
            async with self._lock:
                return await asyncio.to_thread(getattr(self._client, name), *arguments, **options)

        return call


SubjectFactory = Callable[[Path], AbstractAsyncContextManager[Subject]]

# The one place to add an implementation.
SUBJECTS: dict[str, SubjectFactory] = {
    "embedded": _embedded,
    "external-to-embedded": _over_rest(_embedded),
    "client-to-embedded": _over_rest_blocking(_embedded),
    "fake": _fake,
    "external-to-fake": _over_rest(_fake),
    "client-to-fake": _over_rest_blocking(_fake),
}


class TestNode(NodeContract):
    @pytest.fixture(params=SUBJECTS)
    async def subject(self, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
        async with SUBJECTS[request.param](tmp_path) as subject:
            yield subject
