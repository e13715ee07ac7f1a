from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.chrysalis import VECTORS
from tests.ledger.strategies import digests, relaxed

from datasouk.ledger import inclusion_merkle_root
from datasouk.ledger.digest import blake2b_256
from datasouk.ledger.errors import WrongLength

_ENTRIES: list[dict[str, Any]] = VECTORS["inclusionMerkleRoot"]


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: f"{len(entry['messageIds'])}-leaves")
def test_root_is_the_recorded_one(entry: dict[str, Any]) -> None:
    assert inclusion_merkle_root(map(bytes.fromhex, entry["messageIds"])).hex() == entry["root"]


def test_id_of_another_length_is_refused() -> None:
    with pytest.raises(WrongLength, match="message id: is 31 bytes long"):
        inclusion_merkle_root([bytes(31)])


@relaxed
@given(st.lists(digests, max_size=40))
def test_root_equals_the_recursive_definition(message_ids: list[bytes]) -> None:
    assert inclusion_merkle_root(message_ids) == _by_definition(message_ids)


def _by_definition(message_ids: list[bytes]) -> bytes:
    if not message_ids:
        return blake2b_256(b"")
    if len(message_ids) == 1:
        return blake2b_256(b"\0" + message_ids[0])
    k = 1 << (len(message_ids) - 1).bit_length() - 1
    return blake2b_256(b"\x01" + _by_definition(message_ids[:k]) + _by_definition(message_ids[k:]))
