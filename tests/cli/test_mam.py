import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import run, run_json

from datasouk import mam
from datasouk.cli.jsonio import LARGEST_INPUT_BYTES

SEED = "SEED" * 20 + "9"
SIDE_KEY = "KEY"
CHANNEL: dict[str, Any] = {"seed": SEED, "side_key": SIDE_KEY}
# Security 1 is a third of the work, and the commands do not care.
QUICK = CHANNEL | {"security": 1}


@pytest.fixture(scope="module")
def created() -> Any:
    return run_json("mam", "create", stdin={"channel": QUICK, "json": {"t": 21.5}, "tag": "SENSORDATA"})


def refusal(*arguments: str, stdin: Any) -> tuple[int, str]:
    """Exit code and the one line of a command that must fail."""
    ended = run(*arguments, stdin=stdin if isinstance(stdin, str | bytes) else json.dumps(stdin))
    assert ended.stdout == ""
    assert ended.stderr.startswith("datasouk: ")
    assert ended.stderr.count("\n") == 1
    return ended.returncode, ended.stderr


class TestRoot:
    @pytest.mark.parametrize("mode", ["public", "private", "restricted"])
    def test_names_root_address_and_index_of_the_next_message(self, mode: str) -> None:
        state = {"seed": SEED, "security": 1, "mode": mode, "side_key": SIDE_KEY if mode == "restricted" else None}
        result = run_json("mam", "root", stdin={"channel": state})
        root = mam.Channel.from_dict(state).root
        address = mam.decode_address(root, mode)
        assert result == {"root": root, "address": address, "index": mam.ledger_index(address).hex()}

    def test_reads_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "channel.json"
        path.write_text(json.dumps({"channel": QUICK}))
        ended = run("mam", "root", "--file", str(path))
        assert ended.returncode == 0
        assert json.loads(ended.stdout) == run_json("mam", "root", stdin={"channel": QUICK})


class TestCreate:
    def test_gives_what_the_library_gives(self, created: Any) -> None:
        channel = mam.Channel.from_dict(QUICK)
        message = channel.create_message(mam.json_to_trytes({"t": 21.5}))
        assert created == {
            "message": {
                "payload": message.payload,
                "root": message.root,
                "address": message.address,
                "next_root": message.next_root,
            },
            "channel": channel.to_dict(),
            "ledger": {
                "index": mam.ledger_index(message.address).hex(),
                "data": mam.pack(message, "SENSORDATA").hex(),
            },
        }

    def test_the_advanced_channel_makes_the_next_message(self, created: Any) -> None:
        second = run_json("mam", "create", stdin={"channel": created["channel"], "message": "ABC"})
        assert second["message"]["root"] == created["message"]["next_root"]
        assert second["channel"]["start"] == 2

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"message": "HELLO9"}, {"message": "HELLO9"}),
            ({"text": "Grüße, 21 °C"}, {"text": "Grüße, 21 °C"}),
            ({"json": {"note": "50 % ☀", "list": [1, None]}}, {"json": {"note": "50 % ☀", "list": [1, None]}}),
            ({"json": None}, {"json": None, "text": "null"}),
        ],
    )
    def test_each_encoding_comes_back(self, given: dict[str, Any], expected: dict[str, Any]) -> None:
        created = run_json("mam", "create", stdin={"channel": QUICK} | given)
        parsed = run_json(
            "mam",
            "parse",
            stdin={"payload": created["message"]["payload"], "root": created["message"]["root"], "side_key": SIDE_KEY},
        )
        assert {name: parsed[name] for name in expected} == expected
        assert parsed["next_root"] == created["message"]["next_root"]
        assert "tag" not in parsed

    def test_a_used_key_is_refused(self, created: Any) -> None:
        code, line = refusal("mam", "create", stdin={"channel": created["channel"] | {"start": 0}, "message": "ABC"})
        assert code == 1
        assert line.startswith("datasouk: KeyReused: leaf 0 ")

    @pytest.mark.parametrize(
        ("fields", "code", "words"),
        [
            ({"message": "abc"}, 1, "InvalidTrytes: message"),
            ({"message": ""}, 1, "InvalidArgument: message"),
            ({"text": "\ud800"}, 1, "InvalidText: "),
            ({"message": "ABC", "tag": "T" * 28}, 1, "InvalidArgument: tag"),
            ({"message": "ABC", "tag": "t"}, 1, "InvalidTrytes: tag"),
            ({"message": "ABC", "tag": 5}, 2, "'tag' must be a text, it is a number"),
            ({"message": 5}, 2, "'message' must be a text, it is a number"),
            ({"text": None}, 2, "'text' must be a text, it is null"),
            ({}, 2, "exactly one of the fields 'message', 'text', 'json'; there are 0"),
            ({"text": "a", "json": 1}, 2, "exactly one of the fields 'message', 'text', 'json'; there are 2"),
            ({"message": "ABC", "mesage": "ABC"}, 2, "'mesage' is unknown"),
        ],
    )
    def test_wrong_fields_are_named(self, fields: dict[str, Any], code: int, words: str) -> None:
        ended_with, line = refusal("mam", "create", stdin={"channel": QUICK} | fields)
        assert ended_with == code
        assert words in line

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"seed": "SHORT"}, "InvalidArgument: seed"),
            ({"seed": 5}, "InvalidArgument: seed"),
            ({"security": 4}, "InvalidArgument: security"),
            ({"side_key": None}, "InvalidArgument: side_key"),
            ({"mode": "secret"}, "InvalidArgument: mode"),
            ({"start": -1}, "InvalidArgument: start"),
            ({"colour": "red"}, "InvalidArgument: state"),
        ],
    )
    def test_a_wrong_channel_is_refused_by_the_library(self, change: dict[str, Any], words: str) -> None:
        code, line = refusal("mam", "create", stdin={"channel": QUICK | change, "message": "ABC"})
        assert code == 1
        assert words in line

    @pytest.mark.parametrize(
        ("field", "secret"), [("seed", SEED[:-1]), ("seed", "seed!"), ("side_key", "K" * 82), ("side_key", "key!")]
    )
    def test_no_secret_shows_in_an_error(self, field: str, secret: str) -> None:
        _, line = refusal("mam", "create", stdin={"channel": QUICK | {field: secret}, "message": "ABC"})
        assert secret not in line


class TestParse:
    def test_reads_the_payload(self, created: Any) -> None:
        message = created["message"]
        parsed = run_json(
            "mam", "parse", stdin={"payload": message["payload"], "root": message["root"], "side_key": SIDE_KEY}
        )
        assert parsed == {
            "message": mam.json_to_trytes({"t": 21.5}),
            "next_root": message["next_root"],
            "text": "%7B%22t%22:21.5%7D",
            "json": {"t": 21.5},
        }

    def test_reads_the_data_of_a_ledger_message_with_its_tag(self, created: Any) -> None:
        asked = {"data": created["ledger"]["data"], "root": created["message"]["root"], "side_key": SIDE_KEY}
        parsed = run_json("mam", "parse", stdin=asked)
        assert (parsed["tag"], parsed["json"]) == ("SENSORDATA", {"t": 21.5})

    def test_the_side_key_may_be_left_out_or_null_where_there_is_none(self) -> None:
        state = {"seed": SEED, "security": 1, "mode": "public"}
        message = run_json("mam", "create", stdin={"channel": state, "message": "ABC"})["message"]
        asked = {"payload": message["payload"], "root": message["root"]}
        assert run_json("mam", "parse", stdin=asked)["message"] == "ABC"
        assert run_json("mam", "parse", stdin=asked | {"side_key": None})["message"] == "ABC"

    def test_trytes_that_are_neither_text_nor_json_come_back_as_they_are(self) -> None:
        message = run_json("mam", "create", stdin={"channel": QUICK, "message": "ZZZ"})["message"]
        asked = {"payload": message["payload"], "root": message["root"], "side_key": SIDE_KEY}
        parsed = run_json("mam", "parse", stdin=asked)
        assert parsed["message"] == "ZZZ"
        assert "json" not in parsed

    @pytest.mark.parametrize("wrong", ["WRONG", None])
    def test_a_wrong_side_key_is_refused(self, created: Any, wrong: str | None) -> None:
        message = created["message"]
        asked = {"payload": message["payload"], "root": message["root"], "side_key": wrong}
        code, line = refusal("mam", "parse", stdin=asked)
        assert code == 1
        assert line.split(": ")[1] in {"InvalidSecurity", "RootMismatch", "TruncatedMessage"}

    @pytest.mark.parametrize("place", [0, 3, 60, 120, 500, -100])
    def test_a_flipped_tryte_is_refused(self, created: Any, place: int) -> None:
        message = created["message"]
        changed = list(message["payload"])
        changed[place] = "A" if changed[place] != "A" else "B"
        asked = {"payload": "".join(changed), "root": message["root"], "side_key": SIDE_KEY}
        assert refusal("mam", "parse", stdin=asked)[0] == 1

    @pytest.mark.parametrize(
        ("fields", "code", "words"),
        [
            ({"payload": "ABC"}, 2, "'root' is missing"),
            ({"payload": "ABC", "root": None}, 2, "'root' is missing"),
            ({"root": "9" * 81}, 2, "exactly one of the fields 'payload', 'data'; there are 0"),
            ({"payload": "ABC", "data": "00", "root": "9" * 81}, 2, "there are 2"),
            ({"data": "0", "root": "9" * 81}, 2, "hexadecimal"),
            ({"data": "0g", "root": "9" * 81}, 2, "hexadecimal"),
            ({"data": [], "root": "9" * 81}, 2, "'data' must be a text, it is a list"),
            ({"data": "", "root": "9" * 81}, 1, "TruncatedMessage"),
            ({"payload": "", "root": "9" * 81}, 1, "TruncatedMessage"),
            ({"payload": "abc", "root": "9" * 81}, 1, "InvalidTrytes: payload"),
            ({"payload": "ABC", "root": "9" * 80}, 1, "InvalidArgument: root"),
        ],
    )
    def test_wrong_fields_are_named(self, fields: dict[str, Any], code: int, words: str) -> None:
        ended_with, line = refusal("mam", "parse", stdin=fields)
        assert ended_with == code
        assert words in line


class TestAddress:
    @pytest.mark.parametrize("mode", ["public", "private", "restricted"])
    def test_names_address_and_index(self, mode: str) -> None:
        root = "ROOT9" * 16 + "A"
        address = mam.decode_address(root, mode)
        expected = {"address": address, "index": mam.ledger_index(address).hex()}
        assert run_json("mam", "address", stdin={"root": root, "mode": mode}) == expected

    def test_needs_a_mode(self) -> None:
        assert refusal("mam", "address", stdin={"root": "9" * 81})[0] == 2

    def test_an_unknown_mode_is_refused(self) -> None:
        code, line = refusal("mam", "address", stdin={"root": "9" * 81, "mode": "secret"})
        assert code == 1
        assert "InvalidArgument: mode" in line


INPUTS_OF_THE_WRONG_FORM: list[str | bytes] = [
    "",
    "{",
    "[]",
    "null",
    "5",
    '"text"',
    "NaN",
    '{"channel": NaN}',
    '{"channel": []}',
    b"\xff\xfe",
    "[" * 100_000,
    '{"channel": ' + "9" * 5000 + "}",
    " " * (LARGEST_INPUT_BYTES + 1),
]


@pytest.mark.parametrize(
    ("command", "given"),
    [("create", given) for given in INPUTS_OF_THE_WRONG_FORM]
    + [(command, "[]") for command in ("root", "parse", "address")],
    ids=lambda value: repr(value)[:20],
)
def test_input_of_the_wrong_form_ends_with_code_2(command: str, given: str | bytes) -> None:
    assert refusal("mam", command, stdin=given)[0] == 2
