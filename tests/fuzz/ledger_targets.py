"""What a fuzzer feeds with bytes: each parser of the ledger, and what must hold whatever comes in.

A target returns for input that is refused with a LedgerError as for input that is valid; anything else is a finding.
"""

import json

from tests.vectors import load

from datasouk.ledger import Address, LedgerError, Message, MessageDraft
from datasouk.ledger.address import decode_bech32, encode_bech32
from datasouk.ledger.json import draft_from_json, message_from_json, message_to_json, parse_json

__all__ = ["SEEDS", "TARGETS", "fuzz_bech32", "fuzz_message_bytes", "fuzz_message_json"]


def fuzz_message_bytes(data: bytes) -> None:
    """Bytes are refused, or are the one wire form of their object."""
    try:
        draft = MessageDraft.from_bytes(data)
    except LedgerError:
        pass
    else:
        assert draft.to_bytes() == data
    try:
        message = Message.from_bytes(data)
    except LedgerError:
        return
    assert message.to_bytes() == data
    assert message_from_json(message_to_json(message)) == message


def fuzz_message_json(data: bytes) -> None:
    """Text is refused, or its object survives both forms."""
    try:
        value = parse_json(data)
        draft_from_json(value)
        message = message_from_json(value)
    except LedgerError:
        return
    assert message_from_json(message_to_json(message)) == message
    assert Message.from_bytes(message.to_bytes()) == message


def fuzz_bech32(data: bytes) -> None:
    """Text is refused, or is the one text of its bytes but for case."""
    text = data.decode("utf-8", "replace")
    try:
        hrp, payload = decode_bech32(text)
    except LedgerError:
        return
    assert encode_bech32(hrp, payload) == text.lower()
    try:
        address = Address.from_bech32(text, hrp=hrp)
    except LedgerError:
        return
    assert address.to_bech32(hrp=hrp) == text.lower()


TARGETS = {
    "ledger_message_bytes": fuzz_message_bytes,
    "ledger_message_json": fuzz_message_json,
    "ledger_bech32": fuzz_bech32,
}


def message_seeds() -> list[bytes]:
    """The bytes of the recorded messages."""
    return [bytes.fromhex(entry["bytes"]) for entry in load("chrysalis-vectors")["messages"]]


def json_seeds() -> list[bytes]:
    """The REST form of the recorded messages."""
    return [json.dumps(entry["json"]).encode() for entry in load("chrysalis-vectors")["messages"]]


def bech32_seeds() -> list[bytes]:
    """Recorded addresses in both text forms."""
    texts = [
        address[key]
        for group in load("chrysalis-vectors")["addresses"]
        for address in group["addresses"]
        for key in ("bech32Mainnet", "bech32Testnet")
    ]
    return [text.encode() for text in texts]


SEEDS = {
    "ledger_message_bytes": message_seeds,
    "ledger_message_json": json_seeds,
    "ledger_bech32": bech32_seeds,
}
