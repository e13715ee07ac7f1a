"""What keeps programs from the faucet: a proof of work that a browser does in a second (ALTCHA, first protocol).

    challenge    = SHA-256(salt || number), in hexadecimal digits; the salt ends in ``?expires=SECONDS&``
    signature    = HMAC-SHA-256(key, challenge)
    solution     = base64(JSON {algorithm, challenge, number, salt, signature})

The last sign of the salt keeps the two apart: without it, digits of the number could be moved to the end of the salt,
and the expiry would come later under the same hash (CVE-2025-68113).

The client tries numbers until one fits.  A solution is taken once; the key is drawn at each start, so that none
outlasts the process.  Source: altcha.org, "Proof-of-work mechanism"; the widget of that project speaks it.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Literal

import msgspec

from datasouk.market.ids import Randomness

__all__ = ["Captcha", "CaptchaMode", "CaptchaRefused", "Challenge"]

_EXPIRES_SECONDS = 300
_SALT_BYTES = 12
_SALT = re.compile(rf"[0-9a-f]{{{2 * _SALT_BYTES}}}\?expires=([0-9]{{1,12}})&", re.ASCII)
_MAX_SOLUTION_CHARACTERS = 2000
_MOST_USED = 100_000
_TEST_PREFIX = "captcha-ok"
_REFUSED = ("invalid-input-response",)
_USED = ("timeout-or-duplicate",)


class CaptchaRefused(Exception):
    """The captcha's answer was not accepted; the original sends a list of its reasons instead of a text.

    Attributes:
        reasons: Words of the captcha's protocol.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


class CaptchaMode(StrEnum):
    """Which tokens are taken."""

    OFF = "off"
    """Any."""
    TEST = "test"
    """Those that begin with ``captcha-ok``."""
    ALTCHA = "altcha"
    """Solutions of a challenge."""


class Challenge(msgspec.Struct, rename="camel"):
    """What the client has to solve."""

    algorithm: str
    challenge: str
    max_number: int
    salt: str
    signature: str


class _Solution(msgspec.Struct):
    algorithm: Literal["SHA-256"]
    challenge: str
    number: int
    salt: str
    signature: str


class Captcha:
    """Makes challenges and checks solutions.

    Args:
        mode: Which tokens are taken.
        max_number: The client tries half as many numbers on average.
        clock: Seconds since 1970.
        randomness: For the key, salts and numbers.
    """

    def __init__(
        self,
        mode: CaptchaMode = CaptchaMode.OFF,
        *,
        max_number: int = 200_000,
        clock: Callable[[], float] = time.time,
        randomness: Randomness = secrets.token_bytes,
    ) -> None:
        self._mode = mode
        self._max_number = max_number
        self._clock = clock
        self._randomness = randomness
        self._key = randomness(32)
        self._used: dict[str, int] = {}

    @property
    def has_challenges(self) -> bool:
        """Whether a challenge is to be solved."""
        return self._mode is CaptchaMode.ALTCHA

    def make_challenge(self) -> Challenge:
        """Make a challenge, good for five minutes."""
        salt = f"{self._randomness(_SALT_BYTES).hex()}?expires={int(self._clock()) + _EXPIRES_SECONDS}&"
        number = int.from_bytes(self._randomness(8)) % (self._max_number + 1)
        challenge = _hash(salt, number)
        return Challenge("SHA-256", challenge, self._max_number, salt, self._sign(challenge))

    def check(self, token: str) -> tuple[str, ...]:
        """Take a token; returns why it is refused, in words of the protocol, or nothing."""
        if self._mode is CaptchaMode.OFF:
            return ()
        if self._mode is CaptchaMode.TEST:
            return () if token.startswith(_TEST_PREFIX) else _REFUSED
        if len(token) > _MAX_SOLUTION_CHARACTERS:
            return _REFUSED
        try:
            solution = msgspec.json.decode(base64.b64decode(token, validate=True), type=_Solution)
        except (binascii.Error, ValueError):
            return _REFUSED
        return self._check_solution(solution)

    def _check_solution(self, solution: _Solution) -> tuple[str, ...]:
        expected = _hash(solution.salt, solution.number)
        is_solved = _is_same(expected, solution.challenge)
        is_ours = _is_same(self._sign(expected), solution.signature)
        salt = _SALT.fullmatch(solution.salt)
        if not (is_solved and is_ours and salt):
            return _REFUSED
        expires = int(salt[1])
        if expires <= self._clock() or solution.challenge in self._used:
            return _USED
        self._remember(solution.challenge, expires)
        return ()

    def _remember(self, challenge: str, expires: int) -> None:
        if len(self._used) >= _MOST_USED:
            now = self._clock()
            self._used = {each: until for each, until in self._used.items() if until > now}
        self._used[challenge] = expires

    def _sign(self, challenge: str) -> str:
        return hmac.new(self._key, challenge.encode(), hashlib.sha256).hexdigest()


def _hash(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode("utf-8", "replace")).hexdigest()


def _is_same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
