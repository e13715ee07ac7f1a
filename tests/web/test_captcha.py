import base64
import hashlib
import json
from typing import Any

import pytest

from datasouk.web.captcha import Captcha, CaptchaMode, Challenge

WRONG = ("invalid-input-response",)
LATE = ("timeout-or-duplicate",)


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def solve(challenge: Challenge, changes: dict[str, Any] | None = None) -> str:
    """What the widget of the ALTCHA project does."""
    number = next(
        number
        for number in range(challenge.max_number + 1)
        if hashlib.sha256(f"{challenge.salt}{number}".encode()).hexdigest() == challenge.challenge
    )
    fields = {
        "algorithm": challenge.algorithm,
        "challenge": challenge.challenge,
        "number": number,
        "salt": challenge.salt,
        "signature": challenge.signature,
    }
    return base64.b64encode(json.dumps(fields | (changes or {})).encode()).decode()


def captcha(clock: Clock | None = None) -> Captcha:
    return Captcha(CaptchaMode.ALTCHA, max_number=100, clock=clock or Clock())


def test_a_solution_is_taken_once() -> None:
    door = captcha()
    token = solve(door.make_challenge())
    assert door.check(token) == ()
    assert door.check(token) == LATE
    assert door.check(solve(door.make_challenge())) == ()


def test_a_solution_that_comes_late_is_refused() -> None:
    clock = Clock()
    door = captcha(clock)
    token = solve(door.make_challenge())
    clock.now += 301
    assert door.check(token) == LATE


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 101},
        {"number": -1},
        {"number": "5"},
        {"salt": "aa?expires=99999999999"},
        {"salt": "\ud800"},
        {"signature": "00"},
        {"signature": "ä"},
        {"challenge": "00"},
        {"algorithm": "MD5"},
    ],
)
def test_a_forged_solution_is_refused(changes: dict[str, Any]) -> None:
    door = captcha()
    assert door.check(solve(door.make_challenge(), changes)) == WRONG


def test_a_challenge_of_another_server_is_refused() -> None:
    assert captcha().check(solve(captcha().make_challenge())) == WRONG


def test_digits_cannot_be_moved_from_the_number_to_the_expiry() -> None:
    """The hash runs over salt and number as one text (CVE-2025-68113)."""
    door = captcha()
    while True:
        token = json.loads(base64.b64decode(solve(door.make_challenge())))
        if token["number"] > 9:
            break
    digits = str(token["number"])
    moved = token | {"salt": token["salt"] + digits[:-1], "number": int(digits[-1])}
    assert door.check(base64.b64encode(json.dumps(moved).encode()).decode()) == WRONG


@pytest.mark.parametrize("token", ["", "captcha-ok", "=", "ä", "eyJ9", base64.b64encode(b"[]").decode(), "A" * 5000])
def test_rubbish_is_refused(token: str) -> None:
    assert captcha().check(token) == WRONG


def test_other_modes() -> None:
    assert Captcha(CaptchaMode.OFF).check("anything") == ()
    assert Captcha(CaptchaMode.TEST).check("captcha-ok-5") == ()
    assert Captcha(CaptchaMode.TEST).check("bad") == WRONG


def test_what_was_used_is_forgotten_when_it_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasouk.web.captcha._MOST_USED", 3)
    clock = Clock()
    door = captcha(clock)
    for _ in range(10):
        assert door.check(solve(door.make_challenge())) == ()
        clock.now += 150
    assert len(door._used) <= 4
