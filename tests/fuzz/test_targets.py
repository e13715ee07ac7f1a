"""The fuzz targets without a fuzzer: they run, they get somewhere, and they notice what they are there to notice."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fuzz import find_targets, mam_targets, mutated
from tests.mam.vectors import base_payload

from datasouk import mam

TARGETS = find_targets()


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_random_and_mutated_inputs(name: str) -> None:
    target = TARGETS[name]
    for data in mutated(target.seeds(), random.Random(name), 400):
        target.run(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("data", [b"", b"\0", b"\1", b"\2", b"\3", b"\xff", b"\2\0\0\0"], ids=repr)
def test_the_shortest_inputs(name: str, data: bytes) -> None:
    TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_name_is_one_of_a_folder(name: str) -> None:
    assert name.replace("_", "").isalnum()


def test_parse_seeds_get_as_far_as_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = set()
    parse = mam.parse

    def listening(payload: str, root: str, *, side_key: str | None = None) -> mam.Parsed:
        try:
            return parse(payload, root, side_key=side_key)
        except mam.MamError as error:
            reasons.add(error.reason)
            raise

    monkeypatch.setattr(mam, "parse", listening)
    for seed in TARGETS["mam_parse"].seeds():
        mam_targets.fuzz_parse(seed)
    assert reasons == {"truncated", "invalid_security", "root_mismatch"}


def test_a_forgery_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    mam_targets.fuzz_unpack(mam.pack(base_payload(0)["payload"]))
    monkeypatch.setattr(mam, "parse", lambda *_, **__: mam.Parsed("FORGED", "9" * 81))
    with pytest.raises(AssertionError, match="forged"):
        mam_targets.fuzz_parse(b"\0ABC")


def test_another_error_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise IndexError

    monkeypatch.setattr(mam, "unpack", failing)
    with pytest.raises(IndexError):
        mam_targets.fuzz_unpack(b"\0ABC")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "the following arguments are required: seconds"),
        (["0"], "seconds must be 1 or more, it is 0"),
        (["soon"], "invalid int value"),
        (["1", "no_such_target"], "there is no target no_such_target, there are "),
    ],
)
@pytest.mark.slow
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], text: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert text in done.stderr
