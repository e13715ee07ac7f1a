"""The REST form of messages and their parts, both ways.

Implements the JSON of HORNET's and bee's REST interface, version 1 (TIP-13). Bytes are hexadecimal, lower case when
written, either case when read, without prefix. Numbers are JSON numbers, except a message's ``networkId`` and
``nonce``, which are strings of decimal digits. When written, an absent payload or receipt is null and an empty
``data`` is "" (iota-client refuses an indexation without it); when read, all three may be missing.

``..._to_json`` make values for any JSON encoder; ``..._from_json`` take what `parse_json` returns.
"""

from datasouk.ledger.address import ADDRESS_TYPE_ED25519, Address
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.indexation import INDEXATION_TYPE, Indexation
from datasouk.ledger.json_reader import JsonObject, parse_json
from datasouk.ledger.message import Message, MessageDraft, Payload
from datasouk.ledger.milestone import MAX_SIGNATURES, MILESTONE_TYPE, Milestone, MilestoneEssence
from datasouk.ledger.outputs import MAX_OUTPUTS, UTXO_INPUT_TYPE, Output, OutputType, UtxoInput
from datasouk.ledger.parents import MAX_PARENTS
from datasouk.ledger.receipt import (
    MAX_FUNDS,
    RECEIPT_TYPE,
    TAIL_HASH_BYTES,
    TREASURY_INPUT_TYPE,
    TREASURY_OUTPUT_TYPE,
    TREASURY_TRANSACTION_TYPE,
    MigratedFunds,
    Receipt,
    TreasuryTransaction,
)
from datasouk.ledger.transaction import (
    ESSENCE_TYPE,
    MAX_INPUTS,
    REFERENCE_UNLOCK_TYPE,
    SIGNATURE_TYPE_ED25519,
    SIGNATURE_UNLOCK_TYPE,
    TRANSACTION_TYPE,
    Essence,
    ReferenceUnlock,
    SignatureUnlock,
    Transaction,
    Unlock,
)

__all__ = [
    "Json",
    "address_from_json",
    "address_to_json",
    "draft_from_json",
    "message_from_json",
    "message_to_json",
    "output_from_json",
    "output_to_json",
    "parse_json",
    "payload_from_json",
    "payload_to_json",
    "receipt_to_json",
]

Json = dict[str, object]


def message_to_json(message: Message) -> Json:
    """The REST form of a message, as ``GET messages/{id}`` answers it."""
    return {
        "networkId": str(message.network_id),
        "parentMessageIds": [parent.hex() for parent in message.parents],
        "payload": None if message.payload is None else payload_to_json(message.payload),
        "nonce": str(message.nonce),
    }


def message_from_json(value: object) -> Message:
    """Read a complete message.

    Args:
        value: A parsed JSON value.

    Raises:
        FormatError: A field is missing, has a wrong type, or breaks a rule of the protocol.
    """
    reader = JsonObject(value)
    return Message(
        reader.decimal_text("networkId"),
        _parents(reader),
        payload=_optional_payload(reader),
        nonce=reader.decimal_text("nonce"),
    )


def draft_from_json(value: object) -> MessageDraft:
    """Read a message as clients post it: network id, parents and nonce may be absent, null, empty or 0.

    Args:
        value: A parsed JSON value.

    Raises:
        FormatError: A field that is there has a wrong type or breaks a rule of the protocol.
    """
    reader = JsonObject(value)
    return MessageDraft(
        network_id=_optional_number(reader, "networkId"),
        parents=(_parents(reader) or None) if reader.has("parentMessageIds") else None,
        payload=_optional_payload(reader),
        nonce=_optional_number(reader, "nonce"),
    )


def payload_to_json(payload: Payload) -> Json:
    """The REST form of a payload."""
    match payload:
        case Transaction():
            return _transaction_to_json(payload)
        case Milestone():
            return _milestone_to_json(payload)
        case Indexation():
            return _indexation_to_json(payload)


def payload_from_json(value: object) -> Payload:
    """Read a payload that may stand in a message.

    Args:
        value: A parsed JSON value.

    Raises:
        FormatError: A field is missing, has a wrong type, or breaks a rule of the protocol.
    """
    return _payload(JsonObject(value))


def address_to_json(address: Address) -> Json:
    """The REST form of an address."""
    return {"type": ADDRESS_TYPE_ED25519, "address": address.digest.hex()}


def output_to_json(output: Output) -> Json:
    """The REST form of an output, in essences and in ``GET outputs/{id}``."""
    return {
        "type": int(output.type),
        "address": address_to_json(output.address),
        "amount": output.amount_iota,
    }


def receipt_to_json(receipt: Receipt) -> Json:
    """The REST form of a receipt, in milestones and in ``GET receipts``."""
    return {
        "type": RECEIPT_TYPE,
        "migratedAt": receipt.migrated_at,
        "funds": [
            {
                "tailTransactionHash": entry.tail_transaction_hash.hex(),
                "address": address_to_json(entry.address),
                "deposit": entry.deposit_iota,
            }
            for entry in receipt.funds
        ],
        "transaction": {
            "type": TREASURY_TRANSACTION_TYPE,
            "input": {"type": TREASURY_INPUT_TYPE, "milestoneId": receipt.transaction.milestone_id.hex()},
            "output": {"type": TREASURY_OUTPUT_TYPE, "amount": receipt.transaction.amount_iota},
        },
        "final": receipt.is_final,
    }


def _optional_number(reader: JsonObject, name: str) -> int | None:
    """A number as text that may be absent, null, "" or "0", which all mean "not set"."""
    if not reader.has(name) or reader.text(name) == "":
        return None
    return reader.decimal_text(name) or None


def _parents(reader: JsonObject) -> tuple[bytes, ...]:
    return reader.hex_list("parentMessageIds", length=DIGEST_BYTES, maximum=MAX_PARENTS)


def _optional_payload(reader: JsonObject) -> Payload | None:
    return _payload(reader.child("payload")) if reader.has("payload") else None


def _payload(reader: JsonObject) -> Payload:
    kind = reader.kind(TRANSACTION_TYPE, MILESTONE_TYPE, INDEXATION_TYPE)
    if kind == TRANSACTION_TYPE:
        return _transaction(reader)
    return _milestone(reader) if kind == MILESTONE_TYPE else _indexation(reader)


def _indexation_to_json(payload: Indexation) -> Json:
    return {"type": INDEXATION_TYPE, "index": payload.index.hex(), "data": payload.data.hex()}


def _indexation(reader: JsonObject) -> Indexation:
    return Indexation(reader.hex("index"), reader.hex("data") if reader.has("data") else b"")


def _transaction_to_json(payload: Transaction) -> Json:
    essence = payload.essence
    return {
        "type": TRANSACTION_TYPE,
        "essence": {
            "type": ESSENCE_TYPE,
            "inputs": [
                {
                    "type": UTXO_INPUT_TYPE,
                    "transactionId": each.transaction_id.hex(),
                    "transactionOutputIndex": each.output_index,
                }
                for each in essence.inputs
            ],
            "outputs": [output_to_json(each) for each in essence.outputs],
            "payload": None if essence.payload is None else _indexation_to_json(essence.payload),
        },
        "unlockBlocks": [_unlock_to_json(each) for each in payload.unlocks],
    }


def _unlock_to_json(unlock: Unlock) -> Json:
    if isinstance(unlock, ReferenceUnlock):
        return {"type": REFERENCE_UNLOCK_TYPE, "reference": unlock.reference}
    signature = {
        "type": SIGNATURE_TYPE_ED25519,
        "publicKey": unlock.public_key.hex(),
        "signature": unlock.signature.hex(),
    }
    return {"type": SIGNATURE_UNLOCK_TYPE, "signature": signature}


def _transaction(reader: JsonObject) -> Transaction:
    unlocks = tuple(_unlock(each) for each in reader.children("unlockBlocks", maximum=MAX_INPUTS))
    return Transaction(_essence(reader.child("essence")), unlocks)


def _essence(reader: JsonObject) -> Essence:
    reader.kind(ESSENCE_TYPE)
    payload = None
    if reader.has("payload"):
        payload_reader = reader.child("payload")
        payload_reader.kind(INDEXATION_TYPE)
        payload = _indexation(payload_reader)
    return Essence(
        tuple(_input(each) for each in reader.children("inputs", maximum=MAX_INPUTS)),
        tuple(output_from_json(each) for each in reader.children("outputs", maximum=MAX_OUTPUTS)),
        payload,
    )


def _input(reader: JsonObject) -> UtxoInput:
    reader.kind(UTXO_INPUT_TYPE)
    return UtxoInput(reader.hex("transactionId", length=DIGEST_BYTES), reader.integer("transactionOutputIndex"))


def output_from_json(reader: JsonObject) -> Output:
    """Read an output, in essences and in ``GET outputs/{id}``.

    Raises:
        FormatError: A field is missing, has a wrong type, or breaks a rule of the protocol.
    """
    kind = OutputType(reader.kind(*OutputType))
    return Output(address_from_json(reader.child("address")), reader.integer("amount"), kind)


def address_from_json(reader: JsonObject) -> Address:
    """Read an address.

    Raises:
        FormatError: A field is missing, has a wrong type, or the address is not 32 bytes.
    """
    reader.kind(ADDRESS_TYPE_ED25519)
    return Address(reader.hex("address", length=DIGEST_BYTES))


def _unlock(reader: JsonObject) -> Unlock:
    if reader.kind(SIGNATURE_UNLOCK_TYPE, REFERENCE_UNLOCK_TYPE) == REFERENCE_UNLOCK_TYPE:
        return ReferenceUnlock(reader.integer("reference"))
    signature = reader.child("signature")
    signature.kind(SIGNATURE_TYPE_ED25519)
    return SignatureUnlock(signature.hex("publicKey", length=32), signature.hex("signature", length=64))


def _milestone_to_json(payload: Milestone) -> Json:
    essence = payload.essence
    return {
        "type": MILESTONE_TYPE,
        "index": essence.index,
        "timestamp": essence.timestamp_seconds,
        "parentMessageIds": [parent.hex() for parent in essence.parents],
        "inclusionMerkleProof": essence.inclusion_merkle_root.hex(),
        "nextPoWScore": essence.next_pow_score,
        "nextPoWScoreMilestoneIndex": essence.next_pow_score_milestone_index,
        "publicKeys": [public_key.hex() for public_key in essence.public_keys],
        "receipt": None if essence.receipt is None else receipt_to_json(essence.receipt),
        "signatures": [signature.hex() for signature in payload.signatures],
    }


def _milestone(reader: JsonObject) -> Milestone:
    essence = MilestoneEssence(
        index=reader.integer("index"),
        timestamp_seconds=reader.integer("timestamp"),
        parents=_parents(reader),
        inclusion_merkle_root=reader.hex("inclusionMerkleProof", length=DIGEST_BYTES),
        next_pow_score=reader.integer("nextPoWScore"),
        next_pow_score_milestone_index=reader.integer("nextPoWScoreMilestoneIndex"),
        public_keys=reader.hex_list("publicKeys", length=32, maximum=MAX_SIGNATURES),
        receipt=_receipt(reader.child("receipt")) if reader.has("receipt") else None,
    )
    return Milestone(essence, reader.hex_list("signatures", length=64, maximum=MAX_SIGNATURES))


def _receipt(reader: JsonObject) -> Receipt:
    reader.kind(RECEIPT_TYPE)
    funds = tuple(_migrated_funds(each) for each in reader.children("funds", maximum=MAX_FUNDS))
    transaction = reader.child("transaction")
    transaction.kind(TREASURY_TRANSACTION_TYPE)
    treasury_input, treasury_output = transaction.child("input"), transaction.child("output")
    treasury_input.kind(TREASURY_INPUT_TYPE)
    treasury_output.kind(TREASURY_OUTPUT_TYPE)
    treasury = TreasuryTransaction(
        treasury_input.hex("milestoneId", length=DIGEST_BYTES), treasury_output.integer("amount")
    )
    return Receipt(reader.integer("migratedAt"), reader.boolean("final"), funds, treasury)


def _migrated_funds(reader: JsonObject) -> MigratedFunds:
    tail_hash = reader.hex("tailTransactionHash", length=TAIL_HASH_BYTES)
    return MigratedFunds(tail_hash, address_from_json(reader.child("address")), reader.integer("deposit"))
