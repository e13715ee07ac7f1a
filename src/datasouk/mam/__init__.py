"""Masked Authenticated Messaging: encrypted, signed messages that each name the next one's place.

    >>> from datasouk import mam
    >>> channel = mam.Channel(mam.generate_seed(), side_key=mam.generate_seed())
    >>> message = channel.create_message(mam.json_to_trytes({"temperature": 21.5}))

Byte-compatible with ``@iota/mam.js`` 1.6.3, standard library only.  ``docs/tutorial/first-messages.md`` begins at the
beginning, ``docs/explanation/mam.md`` explains the protocol, ``errors.py`` draws the tree of what can be raised.
"""

from datasouk.mam.channel import Channel, generate_seed
from datasouk.mam.errors import (
    InvalidArgument,
    InvalidMessage,
    InvalidSecurity,
    InvalidText,
    InvalidTrytes,
    KeyReused,
    MamError,
    RootMismatch,
    TruncatedMessage,
)
from datasouk.mam.keys import forget_keys
from datasouk.mam.message import Message, Mode, Parsed, decode_address, parse
from datasouk.mam.packing import (
    Fetched,
    find_message,
    ledger_index,
    pack,
    pack_trytes,
    unpack,
    unpack_trytes,
)
from datasouk.mam.text import (
    ascii_to_trytes,
    json_to_trytes,
    object_to_trytes,
    text_to_trytes,
    trytes_to_ascii,
    trytes_to_json,
    trytes_to_object,
    trytes_to_text,
)

__all__ = [
    "Channel",
    "Fetched",
    "InvalidArgument",
    "InvalidMessage",
    "InvalidSecurity",
    "InvalidText",
    "InvalidTrytes",
    "KeyReused",
    "MamError",
    "Message",
    "Mode",
    "Parsed",
    "RootMismatch",
    "TruncatedMessage",
    "ascii_to_trytes",
    "decode_address",
    "find_message",
    "forget_keys",
    "generate_seed",
    "json_to_trytes",
    "ledger_index",
    "object_to_trytes",
    "pack",
    "pack_trytes",
    "parse",
    "text_to_trytes",
    "trytes_to_ascii",
    "trytes_to_json",
    "trytes_to_object",
    "trytes_to_text",
    "unpack",
    "unpack_trytes",
]
