"""What the Python client is made to do, each script in a process of its own: a panic in it poisons the whole process.

python -m tests.clients.scenarios.data URL '{"index": "..."}'     prints what it saw as JSON
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import iota_client

__all__ = ["connect", "run"]


def connect(url: str, **options: Any) -> Any:
    """A client as applications make it: it asks the node for its health at once and every minute."""
    return iota_client.Client(nodes_name_password=[[url]], network="datasouk", **options)


def run(scenario: Callable[..., dict[str, Any]]) -> None:
    """Run a scenario with the node's address and the arguments of the command line, and print what it returns."""
    seen = scenario(sys.argv[1], **json.loads(sys.argv[2]))
    print(json.dumps(seen), flush=True)  # noqa: T201
    # The threads of its MQTT client outlive `disconnect`, and end an interpreter that ends in the usual way with a
    # crash ("exception not rethrown").
    os._exit(0)
