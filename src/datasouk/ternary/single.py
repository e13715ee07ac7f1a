"""Curl-P on one state, as straight-line code.

With one state the integers are short and Python's own overhead is what costs, so here the operations are few rather
than small.  Beside what ``ring.py`` explains:

* The ring is written out twice, 1458 bits.  A rotation is then a single shift to the right; it leaves a shorter
  stretch of true trits, and only when fewer than 729 would be left are they cut and written out twice again.
* Rotating b by c can be had by rotating a by 729 - c: whichever is shorter.  The whole state then sits at an offset,
  which the last step takes out.
* Both planes are put in order as one integer.

A small program writes the rounds out, once, when the first sponge is made (about a millisecond).
"""

from collections.abc import Callable
from functools import lru_cache

from datasouk.ternary.curl import STATE

__all__ = ["single_transform"]

Transform = Callable[[int, int], tuple[int, int]]

# One round each, from operands a = (pa, na), b = (pb, nb); see the table of complements in ring.py.
_ROUND_FORMS = (
    "u = {na} ^ {pb}; n = u | {pa} ^ {nb}; p = (u | {pa}) ^ {pa}",
    "u = {na} ^ {pb}; v = {pa} ^ {nb}; p = u | {pa}; n = u & v",
    "u = {na} ^ {pb}; n = u & ({pa} ^ {nb}); p = {pa} ^ ({pa} & u)",
)
_WRITE_TWICE = f"p &= RING; n &= RING; p |= p << {STATE}; n |= n << {STATE}"


def _write_rounds(rounds: int) -> tuple[list[str], int]:
    """The lines of all rounds, and the offset at which they leave the state."""
    lines = []
    spare = offset = 0
    for number in range(1, rounds + 1):
        rotation = pow(364, number, STATE)
        shift = min(rotation, STATE - rotation)
        if spare < shift:
            lines.append(_WRITE_TWICE)
            spare = STATE
        spare -= shift
        lines.append(f"x = p >> {shift}; y = n >> {shift}")
        form = _ROUND_FORMS[(number - 1) % 3]
        if shift == rotation:
            lines.append(form.format(pa="p", na="n", pb="x", nb="y"))
        else:
            lines.append(form.format(pa="x", na="y", pb="p", nb="n"))
            offset += shift
    return lines, offset % STATE


def _write_order(rounds: int, offset: int) -> list[str]:
    """The lines that bring the trits into natural order: S[i] = X[i - offset + 81 * (turns * i mod 9)].

    i mod 9 = d + 3e: first a rotation by 81 * turns * d less the offset, then one by 243 * turns * e.
    """
    turns = rounds // 27
    first = [(81 * turns * digit - offset) % STATE for digit in range(3)]
    second = [243 * turns * digit % STATE for digit in range(3)]
    return [
        f"z = p & RING | (n & RING) << {2 * STATE}",
        f"z |= z << {STATE}",
        "z = " + " | ".join(f"z >> {shift} & D{digit}" for digit, shift in enumerate(first)),
        f"z |= z << {STATE}",
        "z = " + " | ".join(f"z >> {shift} & E{digit}" for digit, shift in enumerate(second)),
        f"return z & RING, z >> {2 * STATE}",
    ]


@lru_cache(maxsize=2)
def single_transform(rounds: int) -> Transform:
    """A function from (plus, minus) to (plus, minus): 27 or 81 rounds on 729 trits in natural order."""
    lines, offset = _write_rounds(rounds)
    names = {"RING": (1 << STATE) - 1}
    for digit in range(3):
        for name, place in (("D", 0), ("E", 1)):
            mask = sum(1 << j for j in range(STATE) if j // 3**place % 3 == digit)
            names[f"{name}{digit}"] = mask | mask << 2 * STATE
    # Default arguments are local names, the fastest kind there is.
    arguments = ", ".join(["p", "n", *(f"{name}={value}" for name, value in names.items())])
    source = "\n    ".join([f"def run({arguments}):", *lines, *_write_order(rounds, offset)])
    made: dict[str, Transform] = {}
    exec(source, made)  # noqa: S102 - nothing but the numbers above goes in
    return made["run"]
