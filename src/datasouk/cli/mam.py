"""``datasouk mam``: the MAM library for programs in other languages and for the shell.

Each command but ``tour`` reads one JSON object and writes one; it keeps nothing between two calls.  The channel's state
is therefore in the caller's hands: ``create`` takes it, and gives it back advanced.  ``docs/reference/commands.md`` has
the fields.
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datasouk.cli import tour
from datasouk.cli.errors import WrongCall
from datasouk.cli.jsonio import Fields, add_input_argument, read_object, text_of, write_object

if TYPE_CHECKING:
    from datasouk.mam import Channel

__all__ = ["configure"]

_FORM = argparse.RawDescriptionHelpFormatter

_DESCRIPTION = """\
Masked Authenticated Messaging: encrypted, signed messages that each name the next one's place.
Byte-compatible with @iota/mam.js 1.6.3.

Each command but "tour" reads one JSON object from standard input (or --file) and writes one JSON
object on one line. Secrets are read from the JSON alone, never from the command line."""

_CHANNEL_HELP = """\
A channel is an object with these fields; only "seed" (and "side_key" in restricted mode) is required:
  seed        81 trytes, the owner's secret
  mode        "restricted" (default), "private" or "public"
  side_key    1 to 81 trytes, in restricted mode alone
  security    1, 2 (default) or 3
  start, count, next_count, index      where the channel stands; 0, 1, 1, 0
  next_root, unused                    written by "create"; hand them back as they are"""

_ROOT = f"""\
Name the root and the address of a channel's next message.

In:   {{"channel": CHANNEL}}
Out:  {{"root": 81 trytes, "address": 81 trytes, "index": 64 hex digits}}

"index" is where a ledger node keeps the address.

{_CHANNEL_HELP}"""

_CREATE = f"""\
Encrypt and sign a message, and move the channel on.

In:   {{"channel": CHANNEL, "message" | "text" | "json": ..., "tag": TRYTES}}
      message   trytes, used as they are
      text      any text
      json      any JSON value, encoded as the marketplace's publishing template does
      tag       optional, up to 27 trytes
Out:  {{"message": {{"payload", "root", "address", "next_root"}},
       "channel": the advanced CHANNEL,
       "ledger": {{"index": hex, "data": hex}}}}

Keep the advanced channel before you send the message, and hand it to the next call. A key signs
once: whoever calls twice with the same state signs two messages with one key, and lets others
forge. The output holds the seed, so write it where others cannot read it.

{_CHANNEL_HELP}"""

_PARSE = """\
Decrypt a message and check its signature.

In:   {"payload": TRYTES | "data": hex of the ledger's data, "root": 81 trytes, "side_key": TRYTES}
      side_key   for a restricted channel; leave it out for the others
Out:  {"message": TRYTES, "next_root": 81 trytes, "tag": TRYTES, "text": ..., "json": ...}
      tag        only if "data" was given
      text       only if the message is a text
      json       only if the message is JSON, percent-encoded or not

Exit code 1, and nothing on standard output, if the message is not by the owner of the root."""

_ADDRESS = """\
Name the address of a root.

In:   {"root": 81 trytes, "mode": "public" | "private" | "restricted"}
Out:  {"address": 81 trytes, "index": 64 hex digits}

"index" is where a ledger node keeps the address."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the commands."""
    parser.description = _DESCRIPTION
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(commands, "root", _root, "name the root and address of a channel's next message", _ROOT)
    _add(commands, "create", _create, "encrypt and sign a message, and move the channel on", _CREATE)
    _add(commands, "parse", _parse, "decrypt a message and check its signature", _PARSE)
    _add(commands, "address", _address, "name the address of a root", _ADDRESS)
    tour.configure(commands.add_parser("tour", help="see it work in this terminal", formatter_class=_FORM))


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    work: Callable[[Fields], dict[str, Any]],
    summary: str,
    description: str,
) -> None:
    parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=_FORM,
        allow_abbrev=False,
    )
    add_input_argument(parser)
    parser.set_defaults(run=lambda arguments: write_object(work(read_object(arguments.file))))


def _channel(fields: Fields) -> "Channel":
    from datasouk.mam import Channel

    return Channel.from_dict(fields.need("channel", dict))


def _root(fields: Fields) -> dict[str, Any]:
    from datasouk.mam import decode_address, ledger_index

    channel = _channel(fields)
    fields.done()
    address = decode_address(channel.root, channel.mode)
    return {"root": channel.root, "address": address, "index": ledger_index(address).hex()}


def _create(fields: Fields) -> dict[str, Any]:
    from datasouk.mam import ledger_index, pack

    channel = _channel(fields)
    trytes = _message_trytes(*fields.one_of("message", "text", "json"))
    tag = fields.may("tag", str)
    fields.done()
    # A tag that does not fit must be refused before a key is used up.
    pack("", tag)
    message = channel.create_message(trytes)
    return {
        "message": {
            "payload": message.payload,
            "root": message.root,
            "address": message.address,
            "next_root": message.next_root,
        },
        "channel": channel.to_dict(),
        "ledger": {"index": ledger_index(message.address).hex(), "data": pack(message, tag).hex()},
    }


def _message_trytes(encoding: str, value: Any) -> str:
    from datasouk.mam import json_to_trytes, text_to_trytes

    if encoding == "json":
        return json_to_trytes(value)
    text = text_of(encoding, value)
    return text if encoding == "message" else text_to_trytes(text)


def _parse(fields: Fields) -> dict[str, Any]:
    from datasouk.mam import parse, unpack

    form, value = fields.one_of("payload", "data")
    payload = text_of(form, value)
    root = fields.need("root", str)
    side_key = fields.may("side_key", str)
    fields.done()
    result: dict[str, Any] = {}
    if form == "data":
        result["tag"], payload = unpack(_bytes_of_hex(payload))
    parsed = parse(payload, root, side_key=side_key)
    return result | {"message": parsed.message, "next_root": parsed.next_root} | _readings(parsed.message)


def _bytes_of_hex(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise WrongCall("the field 'data' must be written in hexadecimal digits, two for each byte") from None


def _readings(trytes: str) -> dict[str, Any]:
    """The message as text and as JSON, as far as it is one."""
    from datasouk.mam import InvalidText, trytes_to_json, trytes_to_text

    found: dict[str, Any] = {}
    for name, decode in (("text", trytes_to_text), ("json", trytes_to_json)):
        try:
            found[name] = decode(trytes)
        except InvalidText:
            continue
    return found


def _address(fields: Fields) -> dict[str, Any]:
    from datasouk.mam import decode_address, ledger_index

    root, mode = fields.need("root", str), fields.need("mode", str)
    fields.done()
    address = decode_address(root, mode)
    return {"address": address, "index": ledger_index(address).hex()}
