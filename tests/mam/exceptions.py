"""Where we differ from the recorded outcomes of @iota/mam.js on purpose; the only such list.

Each entry is named by its section and its number there.  The tests of the section look here, and expect a refusal, or
take the unsafe switch, for exactly these: an entry listed for nothing fails as well as one that is missing.
"""

from dataclasses import dataclass

__all__ = ["EXCEPTIONS", "Deviation", "is_excepted"]


@dataclass(frozen=True)
class Deviation:
    """A vector entry that we treat differently."""

    section: str
    number: int
    name: str
    reason: str


EXCEPTIONS = (
    Deviation(
        section="ascii",
        number=7,
        name="€",
        reason="two trytes hold characters up to U+02D8; the original writes the word 'undefined' there, we refuse",
    ),
    Deviation(
        section="ascii",
        number=8,
        name="\U0001f600",
        reason="as above; a character beyond U+FFFF is two of these",
    ),
    Deviation(
        section="parse_cases",
        number=25,
        name="truncated to 2421",
        reason="the last trit of the last sibling is missing; the original takes what its sponge holds there, which "
        "by chance is right; we refuse it as truncated",
    ),
    Deviation(
        section="channels",
        number=17,
        name="count and nextCount differ",
        reason="next_count below count makes the original sign with leaves that have signed before; we refuse unless "
        "restart() is called",
    ),
)


def is_excepted(section: str, number: int) -> bool:
    """Whether we differ from the original in this entry."""
    return any((deviation.section, deviation.number) == (section, number) for deviation in EXCEPTIONS)
