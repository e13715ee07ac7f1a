"""The JavaScript clients as Python objects; the services behind them are the ``.mjs`` files beside this one."""

import re
from functools import cache
from typing import Any

from tests.peers import NodeProcess, install

__all__ = ["Iota", "Mam", "Mqtt", "check_fields"]

# What the declarations call them, and how they arrive.
_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}
_FIELD = re.compile(r"^    (\w+)(\??): ([^;{]+);$", re.MULTILINE)


class Iota:
    """@iota/iota.js. Bytes are ``{"hex": ...}`` both ways, a seed is ``{"seed": ...}``."""

    def __init__(self, process: NodeProcess) -> None:
        self._process = process

    def client(self, name: str, *args: Any, local: bool = False) -> Any:
        """Call a method of SingleNodeClient; with ``local`` the client does the proof of work itself."""
        return self._process.call("client", name=name, args=args, local=local)

    def do(self, name: str, *args: Any, local: bool = False) -> Any:
        """Call one of the high-level functions, whose first argument is the client."""
        return self._process.call("highLevel", name=name, args=args, local=local)

    def failure(self, name: str, *args: Any) -> dict[str, Any]:
        """How a method of SingleNodeClient fails: kind, message, status, code."""
        failure: dict[str, Any] = self._process.call("failure", name=name, args=args)
        return failure

    def addresses(self, seed: str, count: int) -> list[dict[str, str]]:
        """The first external addresses of a seed, as ``hex`` and as ``bech32``."""
        addresses: list[dict[str, str]] = self._process.call("addresses", seed=seed, count=count, hrp="atoi")
        return addresses

    def describe(self, message: Any) -> dict[str, str]:
        """Bytes and ids of a message as the package computes them: bytes, messageId, transactionId."""
        described: dict[str, str] = self._process.call("describe", message=message)
        return described


class Mam:
    """@iota/mam.js."""

    def __init__(self, process: NodeProcess) -> None:
        self._process = process

    def publish(self, channel: dict[str, Any], messages: list[str], tag: str | None = None) -> dict[str, Any]:
        """Create messages in a channel and attach each with mamAttach."""
        published: dict[str, Any] = self._process.call("publish", channel=channel, messages=messages, tag=tag)
        return published

    def fetch(self, root: str, mode: str, side_key: str | None = None) -> dict[str, str] | None:
        """Call mamFetch."""
        fetched: dict[str, str] | None = self._process.call("fetch", root=root, mode=mode, sideKey=side_key)
        return fetched

    def fetch_all(
        self, root: str, mode: str, side_key: str | None = None, limit: int | None = None
    ) -> list[dict[str, str]]:
        """Call mamFetchAll."""
        fetched: list[dict[str, str]] = self._process.call(
            "fetchAll", root=root, mode=mode, sideKey=side_key, limit=limit
        )
        return fetched


class Mqtt:
    """A client of @iota/mqtt.js."""

    def __init__(self, process: NodeProcess, url: str) -> None:
        self._process = process
        self._number = process.call("open", url=url)

    def subscribe(self, method: str, *args: Any) -> str:
        """Call a method that subscribes, such as ``milestonesLatest``; returns the id of the subscription."""
        subscription: str = self._process.call("subscribe", client=self._number, method=method, args=args)
        return subscription

    def next(self, subscription: str) -> tuple[str, list[Any]]:
        """Wait for the next event: its topic, and what else the callback was given."""
        event = self._process.call("next", client=self._number, id=subscription)
        return event["topic"], event["data"]

    def waiting(self, subscription: str) -> int:
        """How many events have come that nobody asked for yet."""
        count: int = self._process.call("waiting", client=self._number, id=subscription)
        return count

    def settle(self) -> None:
        """Wait until the node has seen every subscription so far: it answers a later one with the current state."""
        later = self.subscribe("milestonesConfirmed")
        self.next(later)
        self.unsubscribe(later)

    def unsubscribe(self, subscription: str) -> None:
        """End a subscription."""
        self._process.call("unsubscribe", client=self._number, id=subscription)

    def statuses(self) -> list[dict[str, str]]:
        """What the client has said about itself: type, state and error."""
        statuses: list[dict[str, str]] = self._process.call("statuses", client=self._number)
        return statuses

    def close(self) -> None:
        """Hang up."""
        self._process.call("close", client=self._number)


@cache
def _declared(interface: str) -> list[tuple[str, str, str]]:
    path = install() / "node_modules/@iota/iota.js/typings/models" / f"{interface}.d.ts"
    fields = _FIELD.findall(path.read_text("utf-8"))
    assert fields, f"{path} declares no fields"
    return fields


def check_fields(answer: dict[str, Any], interface: str, *, more: frozenset[str] = frozenset()) -> None:
    """Hold an answer against the interface that the package declares: each field there, of its type, none unknown.

    Args:
        interface: File below the package's ``typings/models`` without ending, such as ``api/ITipsResponse``.
        more: Fields that HORNET has and the package does not declare.
    """
    declared = _declared(interface)
    assert {name for name, optional, _ in declared if not optional} <= answer.keys()
    assert answer.keys() <= {name for name, _, _ in declared} | more
    for name, _, kind in declared:
        if name not in answer:
            continue
        value = answer[name]
        if kind.endswith("[]") and kind[:-2] in _TYPES:
            assert isinstance(value, list)
            assert all(isinstance(each, _TYPES[kind[:-2]]) for each in value), name
        elif kind in _TYPES:
            assert isinstance(value, _TYPES[kind]), name
            assert isinstance(value, bool) == (kind == "boolean"), name
