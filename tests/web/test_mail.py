import logging
import smtplib
from email.message import EmailMessage

import pytest

from datasouk.web.mail import Mailer, MailNotSent, MailSettings, deliver_by_smtp

SETTINGS = MailSettings("smtp://robot:pass%40word@mail.example.org:2525", "souk@example.org", "boss@example.org")


@pytest.mark.anyio
async def test_mail_is_plain_text_to_the_operator_with_nothing_of_the_visitor_in_its_head() -> None:
    sent: list[EmailMessage] = []
    mailer = Mailer(SETTINGS, deliver=lambda _, message: sent.append(message))
    await mailer.send({"name": "<b>Ada</b>", "email": "ada@example.org", "comments": "Bcc: all@example.org"})
    (message,) = sent
    assert sorted(message.keys()) == sorted(
        ["Subject", "From", "To", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    )
    assert (message["From"], message["To"]) == ("souk@example.org", "boss@example.org")
    assert message.get_content_type() == "text/plain"
    assert message.get_content() == "name: <b>Ada</b>\nemail: ada@example.org\ncomments: Bcc: all@example.org\n"


@pytest.mark.anyio
async def test_without_a_mail_server_it_is_an_event_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await Mailer().send({"name": "Ada"})
    assert [record.visitor for record in caplog.records] == [{"name": "Ada"}]  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), smtplib.SMTPAuthenticationError(535, b"no")])
@pytest.mark.anyio
async def test_a_mail_server_that_refuses_is_reported(error: Exception) -> None:
    def deliver(settings: MailSettings, message: EmailMessage) -> None:
        raise error

    with pytest.raises(MailNotSent):
        await Mailer(SETTINGS, deliver=deliver).send({"name": "Ada"})


@pytest.mark.anyio
async def test_how_the_mail_server_is_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []

    class Server:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            said.append((host, port))

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

        def ehlo(self) -> None: ...

        def has_extn(self, name: str) -> bool:
            return True

        def starttls(self) -> None:
            said.append("starttls")

        def login(self, user: str, password: str) -> None:
            said.append((user, password))

        def send_message(self, message: EmailMessage) -> None:
            said.append("sent")

    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    deliver_by_smtp(SETTINGS, EmailMessage())
    assert said == [("mail.example.org", 2525), "starttls", ("robot", "pass@word"), "sent"]
    said.clear()
    deliver_by_smtp(MailSettings("smtps://mail.example.org", "a@b", "c@d"), EmailMessage())
    assert said == [("mail.example.org", 465), "sent"]


def test_the_password_is_in_no_repr() -> None:
    assert "word" not in repr(SETTINGS)
