"""The REST form of what a node answers, both ways.

Implements the answers of HORNET's REST interface, version 1 (``/api/v1``), without the envelope ``{"data": ...}``.
Spellings, order of the fields and which of them are absent are HORNET's; absent means absent, not null.

``..._to_json`` make values for any JSON encoder. ``..._from_json`` take what `parse_json` returns and treat it as
hostile: the node may be somebody else's. Whether an answer is about what was asked for is checked in
`datasouk.ledger.calls`.
"""

import re
from collections.abc import Sequence

from datasouk.ledger.address import ADDRESS_TYPE_ED25519, Address
from datasouk.ledger.answers import (
    Balance,
    ConflictReason,
    HistoryEntry,
    LedgerInclusion,
    MessageMetadata,
    MilestoneInfo,
    NodeInfo,
    OutputState,
    UtxoChanges,
)
from datasouk.ledger.binary import U32_MAX, U64_MAX, require_range
from datasouk.ledger.digest import DIGEST_BYTES
from datasouk.ledger.errors import FieldsDisagree, UnknownType, WrongType
from datasouk.ledger.json import Json, output_from_json, output_to_json
from datasouk.ledger.json_reader import JsonObject
from datasouk.ledger.outputs import MAX_OUTPUT_INDEX, OUTPUT_ID_BYTES, TOKEN_SUPPLY_IOTA
from datasouk.ledger.parents import MAX_PARENTS

__all__ = [
    "MAX_IDS",
    "balance_from_json",
    "balance_to_json",
    "history_entry_from_json",
    "history_entry_to_json",
    "ids_from_json",
    "ids_to_json",
    "info_from_json",
    "info_to_json",
    "metadata_from_json",
    "metadata_to_json",
    "milestone_from_json",
    "milestone_to_json",
    "output_state_from_json",
    "output_state_to_json",
    "utxo_changes_from_json",
    "utxo_changes_to_json",
]

MAX_IDS = 16_384  # One more than fits an answer of 1 MiB, so the limit of the text is always met first.
_MAX_NAME_LENGTH = 128
_MAX_FEATURES = 64
_HRP = re.compile(r"[!-@\[-~]{1,50}", re.ASCII)  # BIP-173 without upper case; longer ones leave no room for an address.


def info_to_json(info: NodeInfo) -> Json:
    """The REST form of a node's state, as ``GET info`` answers it."""
    return {
        "name": info.name,
        "version": info.version,
        "isHealthy": info.is_healthy,
        "networkId": info.network_name,
        "bech32HRP": info.bech32_hrp,
        "minPoWScore": _plain_number(info.min_pow_score),
        "messagesPerSecond": _plain_number(info.messages_per_second),
        "referencedMessagesPerSecond": _plain_number(info.referenced_messages_per_second),
        "referencedRate": _plain_number(info.referenced_rate_percent),
        "latestMilestoneTimestamp": info.latest_milestone_timestamp,
        "latestMilestoneIndex": info.latest_milestone_index,
        "confirmedMilestoneIndex": info.confirmed_milestone_index,
        "pruningIndex": info.pruning_index,
        "features": list(info.features),
    }


def info_from_json(value: object) -> NodeInfo:
    """Read a node's state.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
    """
    reader = JsonObject(value)
    hrp = reader.text("bech32HRP")
    if not _HRP.fullmatch(hrp):
        raise WrongType("bech32HRP", "no such thing", "1 to 50 characters of ASCII, lower case")
    return NodeInfo(
        name=_name(reader, "name"),
        version=_name(reader, "version"),
        is_healthy=reader.boolean("isHealthy"),
        network_name=_name(reader, "networkId"),
        bech32_hrp=hrp,
        min_pow_score=reader.number("minPoWScore"),
        messages_per_second=reader.number("messagesPerSecond"),
        referenced_messages_per_second=reader.number("referencedMessagesPerSecond"),
        referenced_rate_percent=reader.number("referencedRate"),
        latest_milestone_timestamp=_integer(reader, "latestMilestoneTimestamp", U64_MAX),
        latest_milestone_index=_integer(reader, "latestMilestoneIndex"),
        confirmed_milestone_index=_integer(reader, "confirmedMilestoneIndex"),
        pruning_index=_integer(reader, "pruningIndex"),
        features=reader.text_list("features", maximum=_MAX_FEATURES),
    )


def metadata_to_json(metadata: MessageMetadata) -> Json:
    """The REST form of a message's metadata, as ``GET messages/{id}/metadata`` and MQTT give it."""
    fields: Json = {
        "messageId": metadata.message_id.hex(),
        "parentMessageIds": [parent.hex() for parent in metadata.parents],
        "isSolid": metadata.is_solid,
    }
    if metadata.referenced_by is not None:
        fields["referencedByMilestoneIndex"] = metadata.referenced_by
    if metadata.milestone_index is not None:
        fields["milestoneIndex"] = metadata.milestone_index
    if metadata.inclusion is not None:
        fields["ledgerInclusionState"] = metadata.inclusion.value
    if metadata.conflict_reason is not ConflictReason.NONE:
        fields["conflictReason"] = int(metadata.conflict_reason)
    if metadata.should_promote is not None:
        fields["shouldPromote"] = metadata.should_promote
    if metadata.should_reattach is not None:
        fields["shouldReattach"] = metadata.should_reattach
    return fields


def metadata_from_json(value: object) -> MessageMetadata:
    """Read a message's metadata.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
        FieldsDisagree: It is referenced without a state, or the reverse, or has a reason without a conflict.
    """
    reader = JsonObject(value)
    metadata = MessageMetadata(
        message_id=reader.hex("messageId", length=DIGEST_BYTES),
        parents=reader.hex_list("parentMessageIds", length=DIGEST_BYTES, maximum=MAX_PARENTS),
        is_solid=reader.boolean("isSolid"),
        referenced_by=_optional_integer(reader, "referencedByMilestoneIndex"),
        inclusion=_inclusion(reader) if reader.has("ledgerInclusionState") else None,
        conflict_reason=_conflict_reason(reader),
        milestone_index=_optional_integer(reader, "milestoneIndex"),
        should_promote=reader.boolean("shouldPromote") if reader.has("shouldPromote") else None,
        should_reattach=reader.boolean("shouldReattach") if reader.has("shouldReattach") else None,
    )
    if (metadata.referenced_by is None) != (metadata.inclusion is None):
        raise FieldsDisagree("ledgerInclusionState", "must be there if and only if a milestone references the message")
    conflicting = metadata.inclusion is LedgerInclusion.CONFLICTING
    if (metadata.conflict_reason is not ConflictReason.NONE) != conflicting:
        raise FieldsDisagree("conflictReason", "must be there if and only if the message is conflicting")
    return metadata


def milestone_to_json(milestone: MilestoneInfo) -> Json:
    """The REST form of a milestone, as ``GET milestones/{index}`` answers it."""
    return {
        "index": milestone.index,
        "messageId": milestone.message_id.hex(),
        "timestamp": milestone.timestamp_seconds,
    }


def milestone_from_json(value: object) -> MilestoneInfo:
    """Read a milestone.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
    """
    reader = JsonObject(value)
    return MilestoneInfo(
        index=_integer(reader, "index"),
        message_id=reader.hex("messageId", length=DIGEST_BYTES),
        timestamp_seconds=_integer(reader, "timestamp", U64_MAX),
    )


def output_state_to_json(state: OutputState) -> Json:
    """The REST form of an output and its state, as ``GET outputs/{id}`` and MQTT give it."""
    fields: Json = {
        "messageId": state.message_id.hex(),
        "transactionId": state.transaction_id.hex(),
        "outputIndex": state.output_index,
        "isSpent": state.is_spent,
    }
    if state.milestone_spent is not None:
        fields["milestoneIndexSpent"] = state.milestone_spent
    if state.transaction_spent is not None:
        fields["transactionIdSpent"] = state.transaction_spent.hex()
    fields["ledgerIndex"] = state.ledger_index
    fields["output"] = output_to_json(state.output)
    return fields


def output_state_from_json(value: object) -> OutputState:
    """Read an output and its state.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
        FieldsDisagree: Whether it is spent is said in two ways.
    """
    reader = JsonObject(value)
    spent_by = None
    if reader.has("transactionIdSpent"):
        spent_by = reader.hex("transactionIdSpent", length=DIGEST_BYTES)
    state = OutputState(
        message_id=reader.hex("messageId", length=DIGEST_BYTES),
        transaction_id=reader.hex("transactionId", length=DIGEST_BYTES),
        output_index=_integer(reader, "outputIndex", MAX_OUTPUT_INDEX),
        output=output_from_json(reader.child("output")),
        ledger_index=_integer(reader, "ledgerIndex"),
        milestone_spent=_optional_integer(reader, "milestoneIndexSpent"),
        transaction_spent=spent_by,
    )
    if reader.boolean("isSpent") != state.is_spent or state.is_spent != (spent_by is not None):
        raise FieldsDisagree("isSpent", "must be true if and only if it is said who spent the output, and when")
    return state


def balance_to_json(balance: Balance) -> Json:
    """The REST form of a balance, as ``GET addresses/...`` answers it."""
    return {
        "addressType": ADDRESS_TYPE_ED25519,
        "address": balance.address.digest.hex(),
        "balance": balance.balance_iota,
        "dustAllowed": balance.dust_allowed,
        "ledgerIndex": balance.ledger_index,
    }


def balance_from_json(value: object) -> Balance:
    """Read a balance.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
    """
    reader = JsonObject(value)
    if (kind := reader.integer("addressType")) != ADDRESS_TYPE_ED25519:
        raise UnknownType("addressType", kind, (ADDRESS_TYPE_ED25519,))
    return Balance(
        address=Address(reader.hex("address", length=DIGEST_BYTES)),
        balance_iota=_integer(reader, "balance", TOKEN_SUPPLY_IOTA),
        dust_allowed=reader.boolean("dustAllowed"),
        ledger_index=_integer(reader, "ledgerIndex"),
    )


def utxo_changes_to_json(changes: UtxoChanges) -> Json:
    """The REST form of what a milestone changed, as ``GET milestones/{index}/utxo-changes`` answers it."""
    return {
        "index": changes.index,
        "createdOutputs": [output_id.hex() for output_id in changes.created],
        "consumedOutputs": [output_id.hex() for output_id in changes.consumed],
    }


def utxo_changes_from_json(value: object) -> UtxoChanges:
    """Read what a milestone changed.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
    """
    reader = JsonObject(value)
    return UtxoChanges(
        index=_integer(reader, "index"),
        created=reader.hex_list("createdOutputs", length=OUTPUT_ID_BYTES, maximum=MAX_IDS),
        consumed=reader.hex_list("consumedOutputs", length=OUTPUT_ID_BYTES, maximum=MAX_IDS),
    )


def history_entry_to_json(entry: HistoryEntry) -> Json:
    """The REST form of one entry of ``GET addresses/.../tx-history``."""
    return {
        "messageId": entry.message_id.hex(),
        "transactionId": entry.transaction_id.hex(),
        "referencedByMilestoneIndex": entry.referenced_by,
        "milestoneTimestampReferenced": entry.milestone_timestamp_seconds,
        "ledgerInclusionState": entry.inclusion.value,
        "inputsCount": entry.input_count,
        "outputsCount": entry.output_count,
        "addressBalanceChange": entry.balance_change_iota,
    }


def history_entry_from_json(value: object) -> HistoryEntry:
    """Read one entry of an address's history.

    Raises:
        FormatError: A field is missing, has a wrong type, or lies outside its limits.
    """
    reader = JsonObject(value)
    change = reader.integer("addressBalanceChange")
    require_range("addressBalanceChange", change, -TOKEN_SUPPLY_IOTA, TOKEN_SUPPLY_IOTA)
    return HistoryEntry(
        message_id=reader.hex("messageId", length=DIGEST_BYTES),
        transaction_id=reader.hex("transactionId", length=DIGEST_BYTES),
        referenced_by=_integer(reader, "referencedByMilestoneIndex"),
        milestone_timestamp_seconds=_integer(reader, "milestoneTimestampReferenced", U64_MAX),
        inclusion=_inclusion(reader),
        input_count=_integer(reader, "inputsCount"),
        output_count=_integer(reader, "outputsCount"),
        balance_change_iota=change,
    )


def ids_from_json(value: object, field: str, *, length: int) -> list[bytes]:
    """Read a list of ids out of the object around it.

    Args:
        value: A parsed JSON value.
        field: Name of the list, for example "messageIds".
        length: Length of each id in bytes.

    Raises:
        FormatError: The list is missing, or holds something else.
    """
    return list(JsonObject(value).hex_list(field, length=length, maximum=MAX_IDS))


def ids_to_json(ids: Sequence[bytes]) -> list[str]:
    """The REST form of a list of ids."""
    return [each.hex() for each in ids]


def _plain_number(value: float) -> float:
    """An integer where the value is one: Go writes 4000, not 4000.0."""
    return int(value) if float(value).is_integer() else value


def _integer(reader: JsonObject, name: str, maximum: int = U32_MAX) -> int:
    value = reader.integer(name)
    require_range(reader.path(name), value, 0, maximum)
    return value


def _optional_integer(reader: JsonObject, name: str) -> int | None:
    return _integer(reader, name) if reader.has(name) else None


def _name(reader: JsonObject, field: str) -> str:
    name = reader.text(field)
    require_range(f"{field} length", len(name), 0, _MAX_NAME_LENGTH)
    return name


def _inclusion(reader: JsonObject) -> LedgerInclusion:
    text = reader.text("ledgerInclusionState")
    try:
        return LedgerInclusion(text)
    except ValueError:
        wanted = ", ".join(state.value for state in LedgerInclusion)
        raise WrongType(reader.path("ledgerInclusionState"), "another word", f"one of {wanted}") from None


def _conflict_reason(reader: JsonObject) -> ConflictReason:
    if not reader.has("conflictReason"):
        return ConflictReason.NONE
    number = reader.integer("conflictReason")
    try:
        return ConflictReason(number)
    except ValueError:
        raise UnknownType(reader.path("conflictReason"), number, tuple(ConflictReason)) from None
