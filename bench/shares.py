"""Where the time of creating and of reading a message goes, at security 2.

    python -m bench.shares [--rounds 40]

The steps are timed by wrapping the functions that do them; a step within a step is taken off the outer one.
Wrapping costs a little, so the sums say nothing that ``bench.mam`` does not say better: look at the shares.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from bench import format_table
from datasouk import mam
from datasouk.mam import keys, message, signature
from datasouk.ternary import lanes

__all__ = ["main"]

_TEXT = "0123456789" * 20

# What is wrapped: owner, name, and the step it belongs to.
_CREATE = (
    (lanes, "_hash_step", "hash chains of both leaves"),
    (keys, "_make", "key material, digests and addresses"),
    (lanes.Lanes, "mask", "masking"),
    (message, "find_nonce", "nonce"),
    (keys.OneTimeKey, "sign", "picking the signature from the chains"),
)
_READ = (
    (lanes, "_hash_step", "hash chains"),
    (lanes, "_relay", "bringing lanes into and out of layouts"),
    (signature, "follow_chains", "weaving and unweaving lanes"),
    (message, "signature_digest", "absorbing the digest"),
    (lanes.Lanes, "unmask", "unmasking"),
)


@contextmanager
def _timed(steps: tuple[tuple[Any, str, str], ...], seconds: dict[str, float]) -> Any:
    """Time the steps; the time of a step within another is taken off the other."""
    stack: list[float] = []

    def wrap(function: Callable[..., Any], step: str) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            stack.append(0.0)
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                elapsed = time.perf_counter() - began
                seconds[step] += elapsed - stack.pop()
                if stack:
                    stack[-1] += elapsed

        return timed

    with ExitStack() as undo:
        for owner, name, step in steps:
            undo.enter_context(mock.patch.object(owner, name, wrap(getattr(owner, name), step)))
        yield


def _measure(steps: tuple[tuple[Any, str, str], ...], run: Callable[[int], Any], rounds: int) -> list[list[str]]:
    seconds: dict[str, float] = defaultdict(float)
    run(0)
    with _timed(steps, seconds):
        began = time.perf_counter()
        for number in range(rounds):
            run(number)
        total = time.perf_counter() - began
    seconds["the rest: trits and trytes, checks"] = total - sum(seconds.values())
    return [[step, f"{100 * part / total:.0f} %", f"{1000 * part / rounds:.2f}"] for step, part in seconds.items()]


def main(arguments: list[str] | None = None) -> int:
    """Print two tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.shares", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args(arguments).rounds
    trytes = mam.text_to_trytes(_TEXT)

    def create() -> tuple[str, mam.Message]:
        key = mam.generate_seed()
        return key, mam.Channel(mam.generate_seed(), side_key=key).create_message(trytes)

    made = [create() for _ in range(rounds)]
    print(format_table(["creating, cold", "share", "ms"], _measure(_CREATE, lambda _: create(), rounds)))
    print()

    def read(number: int) -> None:
        key, sealed = made[number]
        mam.parse(sealed.payload, sealed.root, side_key=key)

    print(format_table(["reading", "share", "ms"], _measure(_READ, read, rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
