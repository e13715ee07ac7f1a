import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.chrysalis import VECTORS, entries
from tests.ledger.strategies import relaxed

from datasouk.ledger.errors import BadKeyMaterial
from datasouk.ledger.keys import (
    SigningKey,
    derive_key,
    format_path,
    mnemonic_to_seed,
    parse_path,
    verify,
    wallet_path,
)

_DERIVED = [
    pytest.param(bytes.fromhex(group["seed"]), entry, id=f"{group['seed'][:8]}-{entry['path']}")
    for group in VECTORS["addresses"]
    for entry in group["addresses"]
]
_KEY = SigningKey(bytes(range(32)))


class TestVectors:
    @pytest.mark.parametrize(("seed", "entry"), _DERIVED)
    def test_derived_key_and_address(self, seed: bytes, entry: dict[str, Any]) -> None:
        path = wallet_path(entry["account"], index=entry["index"], internal=entry["internal"])
        assert format_path(path) == entry["path"]
        assert parse_path(entry["path"]) == path
        assert derive_key(seed, path).hex() == entry["derivedSeed"]
        key = SigningKey.from_path(seed, path)
        assert key.public_key.hex() == entry["publicKey"]
        assert entry["derivedSeed"] + entry["publicKey"] == entry["privateKey"]
        assert key.address.digest.hex() == entry["address"]
        assert key.address.to_bech32(hrp="iota") == entry["bech32Mainnet"]
        assert key.address.to_bech32(hrp="atoi") == entry["bech32Testnet"]

    @entries("rawKeys", name="address")
    def test_raw_key_signs(self, entry: dict[str, Any]) -> None:
        key = SigningKey(bytes.fromhex(entry["ed25519Seed"]))
        message, signature = bytes.fromhex(entry["message"]), bytes.fromhex(entry["signature"])
        assert key.public_key.hex() == entry["publicKey"]
        assert key.address.digest.hex() == entry["address"]
        assert key.sign(message) == signature
        assert verify(key.public_key, message, signature)
        assert not verify(key.public_key, message + b"x", signature)

    @entries("mnemonicToSeed", name="mnemonic")
    def test_mnemonic_gives_the_seed(self, entry: dict[str, Any]) -> None:
        assert mnemonic_to_seed(entry["mnemonic"], entry["passphrase"]).hex() == entry["seed"]


class TestSlip10:
    """Test vector 1 for Ed25519, printed in SLIP-0010 itself: paths that BIP-44 does not have."""

    @pytest.mark.parametrize(
        ("path", "private"),
        [
            ("m", "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7"),
            ("m/0'", "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3"),
            ("m/0'/1'/2'/2'/1000000000'", "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793"),
        ],
    )
    def test_chain(self, path: str, private: str) -> None:
        seed = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
        assert derive_key(seed, parse_path(path)).hex() == private


def test_passphrase_gives_the_seed_printed_in_bip39() -> None:
    words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
    assert mnemonic_to_seed(words, "TREZOR").hex() == (
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
        "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
    )


def test_mnemonic_and_passphrase_are_normalized() -> None:
    assert mnemonic_to_seed("caf\u00e9", "\u00e9") == mnemonic_to_seed("cafe\u0301", "e\u0301")


@pytest.mark.parametrize("size", [0, 15, 65])
def test_seed_outside_its_limits_is_refused(size: int) -> None:
    with pytest.raises(BadKeyMaterial, match=f"a seed is 16 to 64 bytes long, not {size}"):
        derive_key(bytes(size), ())


@pytest.mark.parametrize("size", [16, 64])
def test_seed_at_its_limits_is_allowed(size: int) -> None:
    assert len(derive_key(bytes(size), ())) == 32


@pytest.mark.parametrize("step", [-1, 2**31])
def test_step_outside_its_limits_is_refused(step: int) -> None:
    with pytest.raises(BadKeyMaterial, match="step 1 of the key path"):
        derive_key(bytes(32), (0, step))


def test_path_has_at_most_32_steps() -> None:
    derive_key(bytes(32), (0,) * 32)
    with pytest.raises(BadKeyMaterial, match="at most 32 steps, not 33"):
        derive_key(bytes(32), (0,) * 33)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "44'/0'",
        "m/",
        "m/44",
        "m/44h",
        "m/-1'",
        "m/00'",
        "m/0' ",
        "m/0'\n",
        "m//0'",
        "m/１'",
        "m/2147483648'",
        "m" + "/0'" * 33,
        "m" * 5000,
    ],
)
def test_text_that_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(BadKeyMaterial):
        parse_path(text)


@relaxed
@given(st.lists(st.integers(0, 2**31 - 1), max_size=32).map(tuple))
def test_path_round_trip(path: tuple[int, ...]) -> None:
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_key_seed_must_be_32_bytes(size: int) -> None:
    with pytest.raises(BadKeyMaterial, match=f"32 bytes long, not {size}"):
        SigningKey(bytes(size))


def test_secret_is_not_shown() -> None:
    secret = bytes(range(32)).hex()
    for text in (repr(_KEY), str(_KEY), f"{_KEY}", f"{[_KEY]}"):
        assert secret not in text
        assert _KEY.public_key.hex() in text
    assert not hasattr(_KEY, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(_KEY)


@pytest.mark.parametrize("public_key", [b"", bytes(31), bytes(33), b"\xff" * 32])
def test_damaged_public_key_verifies_nothing(public_key: bytes) -> None:
    assert not verify(public_key, b"data", _KEY.sign(b"data"))


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_damaged_signature_does_not_verify(signature: bytes) -> None:
    assert not verify(_KEY.public_key, b"data", signature)


def test_signature_of_another_key_does_not_verify() -> None:
    assert not verify(_KEY.public_key, b"data", SigningKey(bytes(32)).sign(b"data"))
