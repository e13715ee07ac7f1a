import hashlib
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasouk.market.errors import BadServerKey, CannotOpen, WrongServerKey
from datasouk.market.secrets import Place, Vault

OLD, NEW = b"\x01" * 32, b"\x02" * 32
PLACE = Place("account", "row-1", "user_id")
VAULT = Vault([OLD])
ROTATED = Vault([NEW, OLD])


def hkdf(key: bytes, purpose: bytes) -> bytes:
    """RFC 5869, section 2, for 36 bytes."""
    extracted = hmac.digest(b"datasouk", key, "sha256")
    first = hmac.digest(extracted, purpose + b"\x01", "sha256")
    return (first + hmac.digest(extracted, first + purpose + b"\x02", "sha256"))[:36]


class TestHasher:
    def test_d4_is_a_key_id_and_a_keyed_blake2b_hash(self) -> None:
        derived = hkdf(OLD, b"api key")
        expected = derived[32:] + hashlib.blake2b(b"dsk_x", key=derived[:32], digest_size=32).digest()
        assert VAULT.api_keys.hash("dsk_x") == expected

    def test_kinds_of_secrets_have_keys_of_their_own(self) -> None:
        assert len({each.hash("x") for each in (VAULT.api_keys, VAULT.user_ids, VAULT.device_secrets)}) == 3

    @given(st.text(), st.text())
    def test_matches_its_own_text_alone(self, text: str, other: str) -> None:
        stored = VAULT.user_ids.hash(text)
        assert VAULT.user_ids.matches(stored, text)
        assert VAULT.user_ids.matches(stored, other) == (text == other)

    def test_a_lone_surrogate_matches_nothing(self) -> None:
        assert not VAULT.api_keys.matches(VAULT.api_keys.hash("x"), "\ud800")

    @pytest.mark.parametrize("stored", [b"", b"x", bytes(36), bytes(40)])
    def test_rubbish_in_the_store_matches_nothing(self, stored: bytes) -> None:
        assert not VAULT.api_keys.matches(stored, "x")

    def test_d4_after_a_rotation_old_hashes_are_found_and_known_as_old(self) -> None:
        stored = VAULT.api_keys.hash("x")
        assert ROTATED.api_keys.matches(stored, "x")
        assert stored in ROTATED.api_keys.candidates("x")
        assert not ROTATED.api_keys.is_current(stored)
        assert ROTATED.api_keys.is_current(ROTATED.api_keys.hash("x"))
        assert ROTATED.api_keys.candidates("x")[0] == ROTATED.api_keys.hash("x")


class TestSealer:
    @given(st.binary(max_size=200))
    def test_opens_what_it_sealed(self, secret: bytes) -> None:
        envelope = VAULT.credentials.seal(secret, PLACE)
        assert VAULT.credentials.open(envelope, PLACE) == secret
        assert len(envelope) == len(secret) + 33

    def test_d4_begins_with_version_key_id_and_a_fresh_nonce(self) -> None:
        one, two = (VAULT.credentials.seal(b"secret", PLACE) for _ in range(2))
        assert one[:5] == two[:5] == b"\x01" + hkdf(OLD, b"credential")[32:]
        assert one[5:17] != two[5:17]

    def test_randomness_decides_the_nonce(self) -> None:
        vault = Vault([OLD], randomness=bytes)
        assert vault.credentials.seal(b"secret", PLACE)[5:17] == bytes(12)

    @pytest.mark.parametrize(
        "place",
        [Place("device", "row-1", "user_id"), Place("account", "row-2", "user_id"), Place("account", "row-1", "email")],
    )
    def test_d4_does_not_open_in_another_place(self, place: Place) -> None:
        envelope = VAULT.credentials.seal(b"secret", PLACE)
        with pytest.raises(CannotOpen, match="belongs elsewhere"):
            VAULT.credentials.open(envelope, place)

    @given(st.integers(0, 38), st.integers(1, 255))
    def test_one_changed_byte_is_noticed(self, offset: int, change: int) -> None:
        envelope = bytearray(VAULT.credentials.seal(b"secret", PLACE))
        envelope[offset] ^= change
        with pytest.raises(CannotOpen):
            VAULT.credentials.open(bytes(envelope), PLACE)

    @given(st.binary(max_size=60))
    def test_rubbish_is_refused(self, rubbish: bytes) -> None:
        with pytest.raises(CannotOpen, match=r"account\|row-1\|user_id"):
            VAULT.credentials.open(rubbish, PLACE)

    def test_d4_wallet_seeds_have_a_key_of_their_own(self) -> None:
        envelope = VAULT.wallet_seeds.seal(b"seed", PLACE)
        with pytest.raises(CannotOpen, match="no key with the id"):
            VAULT.credentials.open(envelope, PLACE)

    def test_d4_after_a_rotation_old_envelopes_open_and_new_ones_have_the_new_key(self) -> None:
        envelope = VAULT.credentials.seal(b"secret", PLACE)
        assert ROTATED.credentials.open(envelope, PLACE) == b"secret"
        assert not ROTATED.credentials.is_current(envelope)
        again = ROTATED.credentials.seal(b"secret", PLACE)
        assert ROTATED.credentials.is_current(again)
        assert Vault([NEW]).credentials.open(again, PLACE) == b"secret"


class TestDataKey:
    def test_d4_each_device_has_its_own(self) -> None:
        first, second = (VAULT.open_data_key(VAULT.new_data_key(row), row) for row in ("a", "b"))
        envelope = first.sealer.seal(b"side key", PLACE)
        assert first.sealer.open(envelope, PLACE) == b"side key"
        with pytest.raises(CannotOpen):
            second.sealer.open(envelope, PLACE)

    def test_does_not_open_for_another_device(self) -> None:
        with pytest.raises(CannotOpen):
            VAULT.open_data_key(VAULT.new_data_key("a"), "b")

    def test_rewrapped_it_is_the_same_under_the_new_server_key(self) -> None:
        wrapped = VAULT.new_data_key("a")
        envelope = VAULT.open_data_key(wrapped, "a").sealer.seal(b"side key", PLACE)
        again = ROTATED.rewrap_data_key(wrapped, "a")
        assert Vault([NEW]).open_data_key(again, "a").sealer.open(envelope, PLACE) == b"side key"

    def test_fingerprints_stand_for_their_parts(self) -> None:
        wrapped = VAULT.new_data_key("a")
        key, same = VAULT.open_data_key(wrapped, "a"), ROTATED.open_data_key(wrapped, "a")
        other = VAULT.open_data_key(VAULT.new_data_key("a"), "a")
        assert key.fingerprint("x", "y") == same.fingerprint("x", "y")
        assert (
            len({each.fingerprint(*parts) for each in (key, other) for parts in (("xy",), ("x", "y"), ("y", "x"))}) == 6
        )
        assert len(key.fingerprint("x")) == 16


class TestVault:
    @pytest.mark.parametrize("keys", [[], [b""], [bytes(31)], [bytes(32), bytes(33)]])
    def test_other_keys_are_refused(self, keys: list[bytes]) -> None:
        with pytest.raises(BadServerKey, match="32 bytes"):
            Vault(keys)

    def test_d4_a_wrong_server_key_is_noticed_by_the_known_answer(self) -> None:
        stored = VAULT.known_answer()
        VAULT.check_known_answer(stored)
        ROTATED.check_known_answer(stored)
        for vault in (Vault([NEW]), Vault([bytes(32)])):
            with pytest.raises(WrongServerKey):
                vault.check_known_answer(stored)

    def test_shows_nothing(self) -> None:
        things = [VAULT, VAULT.api_keys, VAULT.credentials, VAULT.open_data_key(VAULT.new_data_key("a"), "a")]
        shown = " ".join(repr(each) + str(each) for each in things)
        for secret in (OLD, *(hkdf(OLD, purpose)[:32] for purpose in (b"api key", b"credential", b"data key"))):
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown

    def test_cannot_be_pickled(self) -> None:
        with pytest.raises(TypeError):
            pickle.dumps(VAULT)
