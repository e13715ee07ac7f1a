import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasouk.market.ids import (
    has_api_key_checksum,
    is_device_id,
    new_api_key,
    new_device_secret,
    new_handle,
    new_row_id,
    new_user_id,
)


def counting(count: int) -> bytes:
    return bytes(range(count))


class TestNames:
    def test_d1_user_id_and_handle_are_independent_draws_of_28_base62_characters(self) -> None:
        names = {new_user_id(), new_handle(), new_user_id(), new_handle()}
        assert len(names) == 4
        assert all(len(name) == 28 and name.isascii() and name.isalnum() for name in names)

    def test_randomness_decides(self) -> None:
        assert new_user_id(counting) == "0123456789ABCDEFGHIJKLMNOPQR"

    def test_bytes_that_would_favour_some_characters_are_thrown_away(self) -> None:
        draws = iter([bytes([248, 255, 61] + [250] * 25), bytes(28)])
        assert new_handle(lambda count: next(draws)) == "z" + "0" * 27


class TestApiKey:
    def test_shape(self) -> None:
        key = new_api_key()
        assert key.startswith("dsk_")
        assert len(key) == 40
        assert has_api_key_checksum(key)

    def test_known_key(self) -> None:
        assert new_api_key(counting) == "dsk_0123456789ABCDEFGHIJKLMNOPQRST0Yy6Ru"

    @given(st.integers(0, 39), st.sampled_from("059AMZaxz_-"))
    def test_one_wrong_character_breaks_the_checksum(self, place: int, character: str) -> None:
        key = new_api_key(counting)
        other = key[:place] + character + key[place + 1 :]
        assert has_api_key_checksum(other) == (other == key)

    @pytest.mark.parametrize("text", ["", "dsk_", "dsk_" + "0" * 36, "DSK_0123456789", "dsk_" + "٣" * 36])
    def test_other_texts_have_none(self, text: str) -> None:
        assert not has_api_key_checksum(text)


class TestDeviceSecret:
    def test_is_64_hexadecimal_digits(self) -> None:
        assert new_device_secret(counting) == bytes(range(32)).hex()
        assert new_device_secret() != new_device_secret()


class TestRowId:
    @given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
    def test_is_a_uuid_of_version_7(self, milliseconds: int, random: bytes) -> None:
        made = uuid.UUID(new_row_id(lambda: milliseconds, lambda count: random[:count]))
        assert (made.version, made.variant) == (7, uuid.RFC_4122)
        assert made.int >> 80 == milliseconds

    def test_sorts_by_time(self) -> None:
        times = iter(range(1_700_000_000_000, 1_700_000_000_020))
        made = [new_row_id(lambda: next(times)) for _ in range(20)]
        assert made == sorted(made)

    def test_two_of_one_millisecond_differ(self) -> None:
        assert new_row_id(lambda: 1) != new_row_id(lambda: 1)


class TestDeviceId:
    @pytest.mark.parametrize("text", ["a", "0", "ws-1.north_2", "A" * 64])
    def test_d9_letters_digits_dots_underscores_and_hyphens(self, text: str) -> None:
        assert is_device_id(text)

    @pytest.mark.parametrize(
        "text", ["", ".", "..", "-a", "_a", "a/b", "a b", "a\n", "a\x00", "é", "日本", "A" * 65, "a\u202eb", "٣"]
    )
    def test_d9_refuses_everything_else(self, text: str) -> None:
        assert not is_device_id(text)
