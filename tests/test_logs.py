import io
import json
import logging
from collections.abc import Iterator
from random import Random

import pytest

from datasouk.logs import JsonFormatter, configure_logs, redact
from datasouk.market.ids import new_api_key, new_device_secret, new_user_id

# The same in every run, as they are part of the tests' names.
KEY = new_api_key(Random(1).randbytes)
SECRET = new_device_secret(Random(2).randbytes)
USER = new_user_id(Random(3).randbytes)


@pytest.mark.parametrize(
    "text",
    [
        f"the key {KEY} is wrong",
        f"GET /devices?userId={USER}&apiKey={KEY} 200",
        f"/stream?deviceId=ws-1&userId={USER}",
        f'{{"id": "ws-1", "sk": "{SECRET}"}}',
        f"{{'sk': '{SECRET}', 'id': 'ws-1'}}",
        json.dumps({"body": json.dumps({"sk": SECRET, "apiKey": KEY})}),
        f"Authorization: Bearer {SECRET}",
        f"authorization=bearer {SECRET}",
        f"X-API-Key: {SECRET}",
        f"x-api-key={SECRET}",
        f"sidekey={SECRET}",
        f'"seed":"{SECRET}"',
        f"postgresql://souk:{SECRET}@db.example.org/souk",
        f"smtp://robot:{SECRET}@mail.example.org",
        f"Cookie: {SECRET}",
        f"captcha={SECRET}",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    hidden = redact(text)
    for secret in (KEY, SECRET, USER):
        assert secret not in hidden
    assert "[redacted]" in hidden


@pytest.mark.parametrize(
    "text",
    [
        "risk=5 task: ok",
        "the message 3f2b of device ws-1 was stored",
        "http://127.0.0.1:8000/devices?deviceId=ws-1",
        f"handle {USER}",
        '{"status": 200, "route": "/stream"}',
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact(f'{{"sk": "{SECRET}"}} apiKey={KEY}')
    assert redact(once) == once


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs("info", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_each_record_is_a_line_of_json(log: io.StringIO) -> None:
    logging.getLogger("datasouk.x").info("a\nb %s", 5, extra={"route": "/stream", "other": object})
    logging.getLogger("datasouk.x").debug("not shown")
    (line,) = log.getvalue().splitlines()
    fields = json.loads(line)
    assert (fields["level"], fields["logger"], fields["message"]) == ("info", "datasouk.x", "a\nb 5")
    assert fields["route"] == "/stream"
    assert fields["time"].endswith("Z")


def test_a_traceback_is_redacted_too(log: io.StringIO) -> None:
    try:
        raise ValueError(f"apiKey={KEY} sk={SECRET}")
    except ValueError:
        logging.getLogger("datasouk.x").exception("it failed", extra={"body": {"sk": SECRET}})
    fields = json.loads(log.getvalue())
    assert "ValueError" in fields["error"]
    assert KEY not in log.getvalue()
    assert SECRET not in log.getvalue()


def test_odd_texts_do_not_break_the_log() -> None:
    line = JsonFormatter().format(logging.makeLogRecord({"msg": "\ud800 \x1b[31m", "levelname": "INFO"}))
    assert "\x1b" not in line
    assert line.encode("ascii")
    assert json.loads(line)["message"] == "\ud800 \x1b[31m"
