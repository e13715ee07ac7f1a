"""Events over MQTT over WebSocket, at the address that the client makes of the node's."""

import json
import queue
from typing import Any

from tests.clients.scenarios import connect, run

_TIMEOUT_SECONDS = 20.0


def scenario(url: str, *, index: str, seed: str, address: str) -> dict[str, Any]:
    port = int(url.rpartition(":")[2])
    options = {
        "automatic_disconnect": True,
        "timeout": 30,
        "use_ws": True,
        "port": port,
        "max_reconnection_attempts": 5,
    }
    client = connect(url, local_pow=True, mqtt_broker_options=options)
    events: queue.Queue[str] = queue.Queue()

    passed_over: list[Any] = []

    def wait(topic: str) -> Any:
        """The payload of the next event on a topic; others are kept for later."""
        for event in passed_over:
            if event["topic"] == topic:
                passed_over.remove(event)
                return json.loads(event["payload"])
        while True:
            event = json.loads(events.get(timeout=_TIMEOUT_SECONDS))
            if event["topic"] == topic:
                return json.loads(event["payload"])
            passed_over.append(event)

    by_index = f"messages/indexation/{index.encode().hex()}"
    of_address = f"addresses/{address}/outputs"
    # The last is answered at once, when the node knows all of them.
    client.subscribe_topics([by_index, "messages", "messages/referenced", of_address, "milestones/latest"], events.put)
    seen: dict[str, Any] = {"milestone": wait("milestones/latest")}
    sent = client.message(index=index, data_str="21.5")
    seen["sent"] = sent["message_id"]
    seen["by index"] = wait(by_index)
    seen["message"] = wait("messages")
    payment = client.message(seed=seed, outputs=[{"address": address, "amount": 2_000_000}])
    seen["payment"] = payment["message_id"]
    seen["referenced"] = wait("messages/referenced")
    seen["output"] = wait(of_address)
    seen["next milestone"] = wait("milestones/latest")
    metadata = f"messages/{sent['message_id']}/metadata"
    client.subscribe_topic(metadata, events.put)
    seen["metadata"] = wait(metadata)
    client.unsubscribe()
    client.disconnect()
    return seen


if __name__ == "__main__":
    run(scenario)
