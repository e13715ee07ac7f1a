"""What visitors write to the operator (``POST /sendEmail``): by mail if there is a mail server, else into the log.

Plain text only, to one address that the operator chose, with a fixed subject: nothing of what a visitor wrote becomes
a header, and nobody else is ever mailed.
"""

import asyncio
import logging
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

__all__ = ["MailNotSent", "MailSettings", "Mailer"]

_log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10
_SMTPS_PORT = 465
_SMTP_PORT = 587


class MailNotSent(Exception):
    """The mail server did not take it."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail goes.

    Attributes:
        url: ``smtp://user:password@host:port`` (STARTTLS where it is offered) or ``smtps://...``.  Secret.
    """

    url: str = field(repr=False)
    sender: str
    recipient: str


class Mailer:
    """Tells the operator what a visitor wrote.

    Args:
        settings: None: into the log.
        deliver: Hands a message to the mail server; blocking.
    """

    def __init__(
        self,
        settings: MailSettings | None = None,
        *,
        deliver: Callable[[MailSettings, EmailMessage], None] | None = None,
    ) -> None:
        self._settings = settings
        self._deliver = deliver or deliver_by_smtp

    async def send(self, fields: Mapping[str, str]) -> None:
        """Send what a visitor filled in.

        Raises:
            MailNotSent: The mail server did not take it.
        """
        if self._settings is None:
            _log.info("a visitor wrote", extra={"visitor": dict(fields)})
            return
        message = EmailMessage()
        message["Subject"] = "A visitor of the marketplace wrote"
        message["From"] = self._settings.sender
        message["To"] = self._settings.recipient
        message.set_content("".join(f"{name}: {value}\n" for name, value in fields.items()))
        try:
            await asyncio.to_thread(self._deliver, self._settings, message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailNotSent(type(error).__name__) from error


def deliver_by_smtp(settings: MailSettings, message: EmailMessage) -> None:
    """Hand a message to the mail server.

    Raises:
        OSError: It cannot be reached.
        smtplib.SMTPException: It refuses.
    """
    parts = urlsplit(settings.url)
    host = parts.hostname or "localhost"
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or _SMTPS_PORT, timeout=_TIMEOUT_SECONDS)
    else:
        server = smtplib.SMTP(host, parts.port or _SMTP_PORT, timeout=_TIMEOUT_SECONDS)
    with server:
        server.ehlo()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
