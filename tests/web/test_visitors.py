"""The original's settings, location and mail."""

import pytest
from tests.web.rig import running

from datasouk.web.mail import Mailer, MailSettings
from datasouk.web.options import WebOptions

pytestmark = pytest.mark.anyio
LETTER = {
    "name": "Ada",
    "company": "Example Co",
    "email": "ada@example.org",
    "country": "Netherlands",
    "acceptedDisclaimer": True,
    "captcha": "captcha-ok",
}


async def test_settings_are_what_the_operator_shows() -> None:
    async with running(options=WebOptions(public_settings={"defaultPrice": 7})) as rig:
        assert (await rig.http.get("/settings")).json() == {"defaultPrice": 7}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"gps": "52.5219,13.4132"}, "NPHTQOOL9VL"),
        ({"gps": " 0 , 0 "}, "KPQFFFFF9FF"),
        ({"gps": "NaN,5"}, None),
        ({"gps": "91,200"}, None),
        ({"gps": "5"}, None),
        ({"gps": "1,2,3"}, None),
        ({"address": "Berlin"}, "NPHTQOQ59QV"),
        ({"address": "%"}, None),
        ({"iac": "NPHTQOOL9VL"}, "Berlin, Germany"),
        ({"iac": "KPQFFFFF9FF"}, None),
        ({"iac": "nonsense"}, None),
        ({}, None),
    ],
)
async def test_places(query: dict[str, str], found: str | None) -> None:
    async with running() as rig:
        answer = await rig.http.get("/location", params=query)
        assert answer.status_code == 200
        if found is None or query.get("address") is None:
            assert answer.json() == found
        else:
            assert answer.json().startswith("NPHT")


async def test_a_letter_reaches_the_operator() -> None:
    sent: list[str] = []
    settings = MailSettings("smtp://x", "a@b", "c@d")
    mailer = Mailer(settings, deliver=lambda _, message: sent.append(message.get_content()))
    async with running(mailer=mailer) as rig:
        more = {"comments": "one\ntwo\x00 \x1b[31m", "newsletter": False, "unknown": "dropped", "website": "x" * 999}
        assert (await rig.http.post("/sendEmail", json=LETTER | more)).json() == {"success": True}
    (text,) = sent
    assert "comments: one two   [31m\n" in text
    assert "newsletter: False\n" in text
    assert "dropped" not in text
    assert "x" * 301 not in text


async def test_a_letter_needs_the_captcha() -> None:
    sent: list[str] = []
    mailer = Mailer(MailSettings("smtp://x", "a@b", "c@d"), deliver=lambda _, message: sent.append(str(message)))
    async with running(mailer=mailer) as rig:
        await rig.error("POST", "/sendEmail", 403, json=LETTER | {"captcha": "bad"})
        await rig.error("POST", "/sendEmail", 400, json=LETTER | {"acceptedDisclaimer": False})
    assert sent == []


async def test_a_mail_server_that_is_away_is_no_success() -> None:
    def fail(*_: object) -> None:
        raise ConnectionRefusedError

    async with running(mailer=Mailer(MailSettings("smtp://x", "a@b", "c@d"), deliver=fail)) as rig:
        assert (await rig.error("POST", "/sendEmail", 503, json=LETTER))["code"] == "mail_not_sent"
