import json
from collections.abc import Iterator
from typing import Any

import pytest

from datasouk.ledger.answers import NodeUnavailable
from datasouk.market import errors as market_errors
from datasouk.market import payment_errors
from datasouk.market.errors import (
    CannotOpen,
    DeviceIdTaken,
    DeviceNotFound,
    InvalidDevice,
    InvalidField,
    MarketError,
    MissingField,
    StoreFailed,
    StoreOverloaded,
    WrongDeviceSecret,
)
from datasouk.market.payment_errors import SettlementOverloaded
from datasouk.web.captcha import CaptchaRefused
from datasouk.web.errors import CODES_WITH_STATUS, answer_refusal
from datasouk.web.http import HttpRefused


def refusal(error: Exception, **arguments: Any) -> tuple[int, dict[str, Any]]:
    answer = answer_refusal(error, "id", **arguments)
    body = json.loads(answer.body)
    assert body["requestId"] == "id"
    return answer.status, body


@pytest.mark.parametrize(
    ("error", "status", "text", "code"),
    [
        (MissingField("id"), 400, "Ensure all fields are included", "missing_field"),
        (InvalidField("id", "short"), 400, "id must be short", "invalid_field"),
        (InvalidDevice("lat", "x", "Please", is_missing=True), 403, "Please", "invalid_device"),
        (DeviceNotFound("x"), 403, "Device doesn't exist", "device_not_found"),
        (WrongDeviceSecret("x"), 403, "Oh noes, your key is incorrect.", "wrong_device_secret"),
        (DeviceIdTaken("x"), 200, "Device with ID x already exists. Please specify new unique ID", "device_id_taken"),
        (CaptchaRefused(("why",)), 403, ["why"], "captcha_refused"),
        (HttpRefused(405, "word", "no"), 405, "no", "word"),
    ],
)
def test_a_refusal_has_its_status_text_and_code(error: Exception, status: int, text: object, code: str) -> None:
    answered, body = refusal(error)
    assert (answered, body["error"], body["code"]) == (status, text, code)


def test_a_route_may_have_its_own_statuses_and_texts() -> None:
    assert refusal(DeviceNotFound("x"), statuses={"device_not_found": 200})[0] == 200
    assert refusal(MissingField("x"), missing="Malformed Request")[1]["error"] == "Malformed Request"


def test_what_goes_on_in_the_background_is_no_failure() -> None:
    class Pending(MarketError):
        code = "pending"

    assert refusal(Pending("later")) == (
        202,
        {"success": False, "error": "later", "code": "pending", "requestId": "id"},
    )


@pytest.mark.parametrize(
    "error", [StoreOverloaded("full"), StoreFailed("/data/secret/path: no"), NodeUnavailable("10.0.0.9")]
)
def test_trouble_that_passes_says_when_to_come_again_and_not_what_it_is(error: Exception) -> None:
    answer = answer_refusal(error, "id")
    assert answer.status == 503
    assert dict(answer.headers)[b"retry-after"]
    assert b"/data" not in answer.body
    assert b"10.0.0.9" not in answer.body


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), CannotOpen("secret", "x"), KeyError("secret")])
def test_trouble_that_nobody_foresaw_stays_inside(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    status, body = refusal(error)
    assert (status, body["code"]) == (500, "internal")
    assert "secret" not in json.dumps(body)
    assert [record.request_id for record in caplog.records] == ["id"]  # type: ignore[attr-defined]


def test_what_a_client_smuggles_in_does_not_break_the_answer() -> None:
    class Odd(MarketError):
        code = "odd"

    status, body = refusal(Odd("\ud800" * 5000))
    assert status == 403
    assert len(body["error"]) == 1000


def kinds() -> Iterator[type[MarketError]]:
    for module in (market_errors, payment_errors):
        for name in module.__all__:
            yield getattr(module, name)


def test_every_special_status_is_of_a_code() -> None:
    assert set(CODES_WITH_STATUS) <= {kind.code for kind in kinds()}


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in kinds() if kind is not SettlementOverloaded]  # As good as an overloaded store.
    assert len(codes) == len(set(codes))
