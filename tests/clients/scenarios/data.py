"""Data messages, with the proof of work on either side."""

from typing import Any

from tests.clients.scenarios import connect, run


def refusal(call: Any, *args: Any) -> str | None:
    """Why a call was refused, if it was."""
    try:
        call(*args)
    except ValueError as error:
        return str(error)
    return None


def scenario(url: str, *, local_pow: bool, index: str, index_raw: str, large: int) -> dict[str, Any]:
    client = connect(url, local_pow=local_pow)
    text = client.message(index=index, data_str="Grüße")
    raw = client.message(index_raw=bytes.fromhex(index_raw), data=b"\x00\xff")
    largest = client.message(index=index, data=bytes(large))
    message_id = text["message_id"]
    child = client.message(parents=[message_id])
    return {
        "text": text,
        "raw": raw,
        "found": client.find_messages(indexation_keys=[index]),
        "found by id": client.find_messages(message_ids=[message_id]),
        "largest": largest["message_id"],
        "ids": client.get_message_index(index),
        "again": client.get_message_data(message_id),
        "metadata": client.get_message_metadata(message_id),
        "children": client.get_message_children(message_id),
        "child": child,
        "raw bytes": bool(client.get_message_raw(message_id)),
        "refusals": [refusal(method, message_id) for method in (client.retry, client.promote, client.reattach)],
    }


if __name__ == "__main__":
    run(scenario)
