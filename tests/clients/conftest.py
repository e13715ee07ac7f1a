"""One served node for all clients; it asks for a little proof of work, so that clients have to do some."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from tests.clients.bank import Bank
from tests.clients.javascript import Iota, Mam, Mqtt
from tests.peers import NodeProcess
from tests.served_node import ServedNode

from datasouk.client.node import NodeClient

MIN_POW_SCORE = 1
CLIENTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them start a node or talk to one that has been started."""
    for item in items:
        if item.path.is_relative_to(CLIENTS):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    folder = tmp_path_factory.mktemp("served") / "node"
    with ServedNode(folder, "--min-pow-score", str(MIN_POW_SCORE)) as node:
        yield node


@pytest.fixture(scope="session")
def bank(served: ServedNode) -> Iterator[Bank]:
    with NodeClient(served.url) as client:
        yield Bank(served, client)


@pytest.fixture(scope="session")
def iota(served: ServedNode) -> Iterator[Iota]:
    with NodeProcess(CLIENTS / "iota.mjs", served.url) as process:
        yield Iota(process)


@pytest.fixture(scope="session")
def mam_js(served: ServedNode) -> Iterator[Mam]:
    with NodeProcess(CLIENTS / "mam.mjs", served.url) as process:
        yield Mam(process)


@pytest.fixture(scope="session")
def mqtt_js() -> Iterator[NodeProcess]:
    with NodeProcess(CLIENTS / "mqtt.mjs", timeout_seconds=20) as process:
        yield process


@pytest.fixture(params=["TCP", "WebSocket"])
def mqtt(request: pytest.FixtureRequest, served: ServedNode, mqtt_js: NodeProcess) -> Iterator[Mqtt]:
    """A connected client of @iota/mqtt.js."""
    client = Mqtt(mqtt_js, served.mqtt_url if request.param == "TCP" else served.websocket_url)
    yield client
    client.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the node's own words beside a failure."""
    report = yield
    node = getattr(item, "funcargs", {}).get("served")
    if report.failed and isinstance(node, ServedNode):
        report.sections.append(("Log of the node", node.log()))
    return report
