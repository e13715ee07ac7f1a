"""Messages for tests, and payloads changed on their way."""

from datasouk import mam
from datasouk.ternary.trits import ALPHABET

__all__ = ["SEED", "SIDE_KEY", "TEXT", "made", "set_tryte"]

SEED = "MESSAGETESTS" + "9" * 69
SIDE_KEY = "SIDEKEYOFTHETESTS"
TEXT = "SHORTMESSAGE"


def made(text: str = TEXT, *, security: int = 1, count: int = 1, index: int = 0) -> mam.Message:
    """A restricted message."""
    channel = mam.Channel(SEED, security=security, side_key=SIDE_KEY, count=count, next_count=count, index=index)
    return channel.create_message(text)


def set_tryte(payload: str, place: int, character: str | None = None) -> str:
    """The payload with another character at a place; the next of the alphabet if none is given."""
    character = character or ALPHABET[(ALPHABET.index(payload[place]) + 1) % 27]
    return payload[:place] + character + payload[place + 1 :]
