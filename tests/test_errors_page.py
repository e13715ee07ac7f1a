"""The page of errors lists the codes that callers can see."""

import inspect
import re
from pathlib import Path

from datasouk.market import errors, payment_errors

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/errors.md"
# Of kinds that are never raised themselves, and of trouble that callers see as `internal` or the operator at start.
UNSEEN = {
    "access_refused",
    "bad_server_key",
    "cannot_open",
    "conflict",
    "invalid_input",
    "not_found",
    "payment",
    "receipt_refused",
    "refused",
    "secrets",
    "store",
    "unknown_store",
    "wrong_schema",
    "wrong_server_key",
}


def codes_of_rules() -> set[str]:
    classes = [*vars(errors).values(), *vars(payment_errors).values()]
    return {each.code for each in classes if inspect.isclass(each) and issubclass(each, errors.MarketError)}


def codes_of_http() -> set[str]:
    """The words that the HTTP layer writes itself: the argument that follows a status or a text."""
    found = set()
    for path in [*(ROOT / "src/datasouk/web").glob("*.py"), *(ROOT / "src/datasouk").glob("serving*.py")]:
        source = path.read_text()
        found |= set(re.findall(r'HttpRefused\(\s*\d+,[^)]*?"([a-z]+(?:_[a-z]+)+)"', source, re.DOTALL))
        found |= set(re.findall(r'"([a-z]+(?:_[a-z]+)*)", request_id\b', source))
    return found


def listed() -> set[str]:
    return set(re.findall(r"^\| `([a-z_]+)` \| .+ \|$", PAGE.read_text(), re.MULTILINE))


def test_every_code_of_the_rules_is_listed() -> None:
    assert codes_of_rules() >= UNSEEN
    assert codes_of_rules() - UNSEEN <= listed()


def test_every_code_of_the_http_layer_is_listed() -> None:
    assert {"internal", "captcha_refused"} <= codes_of_http()
    assert codes_of_http() - UNSEEN <= listed()


def test_no_code_is_listed_that_nothing_writes() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "src/datasouk").rglob("*.py"))
    assert [code for code in listed() if f'"{code}"' not in sources] == []
