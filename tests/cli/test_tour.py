import re

import pytest
from tests.cli.running import run

from datasouk import cli, mam
from datasouk.cli.tour import flip, shorten


@pytest.fixture(scope="module")
def shown() -> str:
    ended = run("mam", "tour")
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_every_reading_is_published_and_read_back(shown: str) -> None:
    for temperature in ("21.5", "21.7", "22.1"):
        assert shown.count(f"'temperature_c': {temperature}") == 2


def test_every_refusal_is_shown_with_its_reason(shown: str) -> None:
    refusals = shown[shown.index("4. ") :]
    assert len(re.findall(r"^   ok ", refusals, re.MULTILINE)) == 6
    assert len(re.findall(r"(InvalidSecurity|RootMismatch|TruncatedMessage) ", refusals)) == 5
    assert "KeyReused" in refusals


def test_each_step_says_how_long_it_took(shown: str) -> None:
    assert len(re.findall(r"\d\.\d ms", shown)) == 1 + 3 + 3 + 6
    assert re.search(r"in \d+\.\d\d s", shown)


def test_no_colour_when_piped(shown: str) -> None:
    assert "\x1b" not in shown


def test_no_line_is_wider_than_a_terminal(shown: str) -> None:
    assert max(map(len, shown.splitlines())) <= 100


def test_trytes_are_shown_shortened(shown: str) -> None:
    assert not re.search("[9A-Z]{30}", shown)


def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli.main(["mam", "tour"]) == 0
    assert "\x1b[32mok\x1b[0m" in capsys.readouterr().out


def test_something_accepted_that_must_be_refused_ends_with_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = mam.parse

    def too_kind(payload: str, root: str, *, side_key: str | None = None) -> object:
        return None if side_key is None else real(payload, root, side_key=side_key)

    monkeypatch.setattr(mam, "parse", too_kind)
    assert cli.main(["mam", "tour"]) == 1
    assert capsys.readouterr().err == "datasouk: no side key: this was accepted\n"


def test_readings_that_come_back_changed_end_with_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mam, "find_message", lambda *_, **__: None)
    assert cli.main(["mam", "tour"]) == 1
    assert "not those that were published" in capsys.readouterr().err


def test_shorten_keeps_both_ends() -> None:
    assert shorten("A" * 12 + "B" * 57 + "C" * 12) == "A" * 12 + "..." + "C" * 12
    assert shorten("A" * 27) == "A" * 27


@pytest.mark.parametrize("place", [0, 2, -1])
def test_flip_changes_one_tryte(place: int) -> None:
    changed = flip("ABA", place)
    assert sum(a != b for a, b in zip("ABA", changed, strict=True)) == 1
    assert set(changed) <= set("AB")
