"""Hostile input for every parser.

A *target* is a function that takes bytes and turns them into input for one parser.  It returns when the parser answers
as it should, with a value or with an error of its own; whatever else it raises is a finding.

Targets lie in ``*_targets.py`` beside this file, each with a dictionary ``TARGETS`` (name to function), and, where
random bytes alone would not get far, ``SEEDS`` (name to a function that returns inputs to start from).  They are run in
two ways:

    python -m tests.fuzz 60         with atheris, which learns from the branches that an input takes
    tests/fuzz/test_targets.py      without, over some hundred random and mutated inputs, in the ordinary tests
"""

import importlib
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Target", "find_targets", "mutated"]


@dataclass(frozen=True)
class Target:
    """A parser under fire.

    Attributes:
        name: Unique among all targets; also the name of its folder in ``.fuzz/``.
        run: Takes any bytes; raises nothing unless there is a finding.
        seeds: Inputs that get far.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def find_targets() -> dict[str, Target]:
    """All targets of all ``*_targets.py``, by name, in order."""
    found: dict[str, Target] = {}
    for path in sorted(Path(__file__).parent.glob("*_targets.py")):
        if path.name.startswith("test_"):
            continue
        module = importlib.import_module(f"tests.fuzz.{path.stem}")
        seeds = getattr(module, "SEEDS", {})
        for name, run in module.TARGETS.items():
            if name in found:
                raise ValueError(f"two targets are called {name}")
            found[name] = Target(name, run, seeds.get(name, tuple))
    return found


def mutated(seeds: Iterable[bytes], source: random.Random, count: int) -> Iterator[bytes]:
    """``count`` inputs, half of them random bytes, half of them seeds with a few changes."""
    known = [seed for seed in seeds if seed] or [b"\0"]
    for number in range(count):
        if number % 2:
            yield source.randbytes(source.choice((0, 1, 2, 5, 30, 300, 3000)))
            continue
        data = bytearray(source.choice(known))
        for _ in range(source.randrange(4)):
            place = source.randrange(len(data) + 1)
            match source.randrange(4):
                case 0:
                    data[place : place + 1] = source.randbytes(1)
                case 1:
                    del data[place : place + source.randrange(1, 50)]
                case 2:
                    data[place:place] = source.randbytes(source.randrange(1, 50))
                case _:
                    data[place : place + 4] = source.choice((b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"))
        yield bytes(data)
