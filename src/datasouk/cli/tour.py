"""``datasouk mam tour``: a short tour of MAM in the terminal.

A channel is made, three readings are published into a dictionary that plays the ledger, a buyer reads them back by
following the roots, and what must be refused is shown to be refused.  Nothing leaves the process and nothing is kept.
The tour is also a self-check: if a step does not end as it must, the exit code is 1.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TextIO

from datasouk.cli.errors import CannotDo

if TYPE_CHECKING:
    from datasouk.mam import Channel, Message

__all__ = ["configure"]

_READINGS = (
    {"time": "2026-05-04T12:00:00Z", "temperature_c": 21.5, "humidity_percent": 48},
    {"time": "2026-05-04T12:10:00Z", "temperature_c": 21.7, "humidity_percent": 47},
    {"time": "2026-05-04T12:20:00Z", "temperature_c": 22.1, "humidity_percent": 47},
)

# Ends of a long text that are shown; 81 trytes would fill the line.
_SHOWN_TRYTES = 12

# Where a payload is tampered with: header and next root end before tryte 100, the readings before tryte 400.
_TRYTE_OF_READING = 120
_TRYTE_OF_SIGNATURE = -100

_BOLD, _GREEN, _DIM, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Make a channel, publish three encrypted readings into a dictionary that plays the ledger,\n"
        "read them back, and show what is refused. Nothing leaves this process; nothing is kept.\n"
        "Exit code 1 if anything does not end as it must."
    )
    parser.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> None:
    _Tour(_Screen(sys.stdout)).run()


class _Screen:
    """Prints lines; with colour on a terminal alone."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._coloured = out.isatty()

    def _paint(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._coloured else text

    def heading(self, text: str) -> None:
        """Begin a step."""
        self._print("")
        self._print(self._paint(_BOLD, text))

    def line(self, text: str) -> None:
        """Say something."""
        self._print(f"   {text}")

    def value(self, name: str, value: str, remark: str = "") -> None:
        """Name a value."""
        self._print(f"   {name:<10} {value}{'  ' + self._paint(_DIM, remark) if remark else ''}")

    def success(self, text: str) -> None:
        """Say that something ended as it must."""
        self._print(f"   {self._paint(_GREEN, 'ok')} {text}")

    def _print(self, text: str) -> None:
        # Unbuffered, so that a reader behind a pipe follows the tour as well.
        print(text, file=self._out, flush=True)


def shorten(trytes: str) -> str:
    """The two ends of a long text of trytes."""
    if len(trytes) <= 2 * _SHOWN_TRYTES + 3:
        return trytes
    return f"{trytes[:_SHOWN_TRYTES]}...{trytes[-_SHOWN_TRYTES:]}"


def flip(trytes: str, place: int) -> str:
    """The same trytes with one of them changed."""
    changed = list(trytes)
    changed[place] = "A" if trytes[place] != "A" else "B"
    return "".join(changed)


@dataclass
class _Tour:
    screen: _Screen
    ledger: dict[bytes, list[bytes]] = field(default_factory=dict)
    """The data that lie at each index, in order of arrival: all that a ledger node does for MAM."""

    def run(self) -> None:
        began = time.perf_counter()
        channel, side_key = self.make_channel()
        root = channel.root
        first = self.publish(channel)
        self.read(root, side_key)
        self.refuse(channel, first, side_key)
        self.screen.heading(f"All as it must be, in {time.perf_counter() - began:.2f} s.")
        self.screen.line("The same, step by step in Python: docs/tutorial/first-messages.md")

    def make_channel(self) -> "tuple[Channel, str]":
        from datasouk import mam
        from datasouk.ternary import KERNEL_NAME

        screen = self.screen
        screen.heading("1. A sensor makes a channel")
        seed, side_key = mam.generate_seed(), mam.generate_seed()
        with _Stopwatch() as watch:
            channel = mam.Channel(seed, mode="restricted", side_key=side_key)
            root = channel.root
        screen.value("seed", shorten(seed), "81 trytes; signs for the channel, never leaves the sensor")
        screen.value("side key", shorten(side_key), "81 trytes; decrypts: this is what a buyer pays for")
        screen.value("root", shorten(root), "81 trytes; a reader checks signatures against it")
        screen.line(f"mode {channel.mode}, security {channel.security}, engine '{KERNEL_NAME}', {watch.took_ms:.1f} ms")
        return channel, side_key

    def publish(self, channel: "Channel") -> "Message":
        from datasouk import mam

        screen = self.screen
        screen.heading("2. It publishes three readings: encrypted, signed, packed, stored at an index of the ledger")
        messages = []
        for reading in _READINGS:
            with _Stopwatch() as watch:
                message = channel.create_message(mam.json_to_trytes(reading))
            index, data = mam.ledger_index(message.address), mam.pack(message, "SENSORDATA")
            self.ledger.setdefault(index, []).append(data)
            messages.append(message)
            screen.line(str(reading))
            screen.value(
                "  payload", shorten(message.payload), f"{len(message.payload)} trytes, {watch.took_ms:.1f} ms"
            )
            screen.value("  index", f"{index.hex()[:24]}...", f"{len(data)} bytes lie there now")
        return messages[0]

    def read(self, root: str, side_key: str) -> None:
        from datasouk import mam

        screen = self.screen
        screen.heading("3. A buyer reads them, from the first root and the side key: each message names the next root")
        found = []
        while True:
            address = mam.decode_address(root, "restricted")
            candidates = self.ledger.get(mam.ledger_index(address), [])
            with _Stopwatch() as watch:
                fetched = mam.find_message(candidates, root, side_key=side_key)
            if fetched is None:
                break
            found.append(mam.trytes_to_json(fetched.message))
            screen.success(f"{found[-1]}  {watch.took_ms:.1f} ms")
            root = fetched.next_root
        if tuple(found) != _READINGS:
            raise CannotDo("the readings that came back are not those that were published")
        screen.line(f"nothing lies yet at the next root, {shorten(root)}")

    def refuse(self, channel: "Channel", message: "Message", side_key: str) -> None:
        from datasouk import mam

        self.screen.heading("4. What must be refused is refused")
        payload, root = message.payload, message.root
        wrong_key = flip(side_key, 0)
        reading_changed = flip(payload, _TRYTE_OF_READING)
        signature_changed = flip(payload, _TRYTE_OF_SIGNATURE)
        again = mam.Channel.from_dict(channel.to_dict() | {"start": 0})
        self._refused("a wrong side key", lambda: mam.parse(payload, root, side_key=wrong_key))
        self._refused("no side key", lambda: mam.parse(payload, root))
        self._refused("one tryte of the reading changed", lambda: mam.parse(reading_changed, root, side_key=side_key))
        self._refused("one of the signature changed", lambda: mam.parse(signature_changed, root, side_key=side_key))
        self._refused("the root of another message", lambda: mam.parse(payload, message.next_root, side_key=side_key))
        self._refused("signing twice with one key", lambda: again.create_message("A"))

    def _refused(self, what: str, action: Callable[[], object]) -> None:
        from datasouk.mam import MamError

        refusal = None
        with _Stopwatch() as watch:
            try:
                action()
            except MamError as error:
                refusal = error
        if refusal is None:
            raise CannotDo(f"{what}: this was accepted")
        self.screen.success(f"{what:<33} {type(refusal).__name__:<16} {watch.took_ms:.1f} ms")


class _Stopwatch:
    """Takes the time of a ``with`` block."""

    took_ms = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.took_ms = 1000 * (time.perf_counter() - self._began)
