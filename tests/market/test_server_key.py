import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasouk.market.errors import BadServerKey
from datasouk.market.server_key import load_server_keys, parse_server_key

KEY = bytes(range(32))


class TestParse:
    @given(st.binary(min_size=32, max_size=32))
    def test_reads_what_hex_writes(self, key: bytes) -> None:
        assert parse_server_key(f" {key.hex().upper()}\n") == key

    @pytest.mark.parametrize(
        "text", ["", "secret", KEY.hex()[1:], KEY.hex() + "00", "g" * 64, "٣" * 64, "0x" + "0" * 62]
    )
    def test_other_texts_are_refused_without_being_shown(self, text: str) -> None:
        with pytest.raises(BadServerKey, match="64 hexadecimal digits") as refused:
            parse_server_key(text, source="DATASOUK_SECRET_KEY")
        assert not text or text not in str(refused.value)


class TestFile:
    def test_d4_is_made_at_the_first_start_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "server.key"
        made = load_server_keys(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert load_server_keys(path) == made
        assert [each.name for each in tmp_path.iterdir()] == ["server.key"]

    def test_randomness_decides(self, tmp_path: Path) -> None:
        assert load_server_keys(tmp_path / "server.key", lambda count: KEY[:count]) == (KEY,)

    def test_several_keys_are_read_in_order(self, tmp_path: Path) -> None:
        path = tmp_path / "server.key"
        path.touch(0o600)
        path.write_text(f"{KEY.hex()}\n{bytes(32).hex()}\n")
        assert load_server_keys(path) == (KEY, bytes(32))

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
    def test_one_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "server.key"
        load_server_keys(path)
        path.chmod(mode)
        with pytest.raises(BadServerKey, match="0600"):
            load_server_keys(path)

    @pytest.mark.parametrize("content", [b"", b"\n", b"secret\n", b"\xff\xfe" * 32, KEY])
    def test_one_that_holds_something_else_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "server.key"
        path.touch(0o600)
        path.write_bytes(content)
        with pytest.raises(BadServerKey) as refused:
            load_server_keys(path)
        assert "secret" not in str(refused.value)

    def test_starts_at_the_same_time_agree_on_one_key(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(load_server_keys, [tmp_path / "server.key"] * 8))
        assert len(keys) == 1
