from typing import Any

from tests.ledger.chrysalis import entries

from datasouk.ledger.digest import blake2b_256


@entries("blake2b256")
def test_hash_is_the_recorded_one(entry: dict[str, Any]) -> None:
    assert blake2b_256(bytes.fromhex(entry["data"])).hex() == entry["hash"]
