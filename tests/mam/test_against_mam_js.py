"""Random messages both ways between datasouk and the real @iota/mam.js, beyond what the recorded vectors hold."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.peers import MANIFEST_FOLDER, NodeProcess, PeerError

from datasouk import mam
from datasouk.ternary.trits import ALPHABET

pytestmark = pytest.mark.slow  # starts Node, which takes half a second for a message

SCRIPT: Path = MANIFEST_FOLDER / "mam.mjs"
CASES = [
    ("public", 1, 1),
    ("private", 1, 2),
    ("restricted", 1, 4),
    ("public", 2, 2),
    ("private", 3, 1),
    ("restricted", 2, 1),
    ("restricted", 3, 1),
]
TEXTS = [
    "plain",
    'quotes " and \\ backslash',
    "Grüße, 5 °C",
    "温度",
    "\U0001f321\ufe0f 21,5 °C",
    "\x7f~ tab\t end\n",
    "a" * 400,
]


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with NodeProcess(SCRIPT) as process:
        yield process


def random_channel(mode: str, security: int, count: int) -> tuple[mam.Channel, dict[str, Any]]:
    """A channel of ours, and what makes mam.js create the same."""
    source = random.Random(f"{mode} {security} {count}")
    seed = "".join(source.choices(ALPHABET, k=81))
    side_key = "".join(source.choices(ALPHABET, k=source.randrange(1, 82))) if mode == "restricted" else None
    start = source.randrange(100)
    ours = mam.Channel(
        seed, security=security, mode=mode, side_key=side_key, start=start, count=count, next_count=count
    )
    theirs = {"seed": seed, "security": security, "mode": mode, "start": start, "count": count, "nextCount": count}
    return ours, theirs | ({"sideKey": side_key} if side_key else {})


def texts_of(mode: str, security: int, count: int) -> list[str]:
    return random.Random(f"texts {mode} {security} {count}").sample(TEXTS, k=min(count + 1, 3))


@pytest.mark.parametrize(("mode", "security", "count"), CASES)
def test_both_write_the_same_and_read_each_other(node: NodeProcess, mode: str, security: int, count: int) -> None:
    channel, arguments = random_channel(mode, security, count)
    side_key = arguments.get("sideKey")
    sent = [mam.text_to_trytes(text) for text in texts_of(mode, security, count)]
    theirs = node.call("create", channel=arguments, messages=sent)["messages"]
    for trytes, text, made in zip(sent, texts_of(mode, security, count), theirs, strict=True):
        message = channel.create_message(trytes)
        assert {
            "payload": message.payload,
            "root": message.root,
            "address": message.address,
            "nextRoot": message.next_root,
        } == made
        parsed = mam.parse(made["payload"], made["root"], side_key=side_key)
        assert mam.trytes_to_text(parsed.message) == text
        key = {"sideKey": side_key} if side_key else {}
        answer = node.call("parse", payload=message.payload, root=message.root, **key)
        assert answer == {"message": trytes, "nextRoot": message.next_root}


@pytest.mark.parametrize("number", range(12))
def test_both_refuse_the_same(node: NodeProcess, number: int) -> None:
    """A random change anywhere in a short message: refused by both, or read by both to the same end."""
    source = random.Random(f"change {number}")
    message = mam.Channel("CHANGED" + "9" * 74, security=1, side_key="KEY", count=2).create_message("SHORT")
    place = source.choice([source.randrange(120), source.randrange(len(message.payload)), len(message.payload) - 1])
    payload = message.payload[:place] + source.choice(ALPHABET) + message.payload[place + 1 :]
    try:
        parsed = mam.parse(payload, message.root, side_key="KEY")
    except mam.InvalidMessage:
        with pytest.raises(PeerError, match=r"^parse: "):
            node.call("parse", payload=payload, root=message.root, sideKey="KEY")
    else:
        answer = node.call("parse", payload=payload, root=message.root, sideKey="KEY")
        assert answer == {"message": parsed.message, "nextRoot": parsed.next_root}
