"""The log: one JSON object a line, without secrets.

Whatever is logged, by us, uvicorn or asyncio, passes `JsonFormatter`, and its text passes `redact` last of all: also
what came by way of an exception's text, a traceback or an extra field.

What is redacted: API keys by their prefix, anything behind the name of a secret field (``apiKey=...``,
``"sk": "..."``), bearer credentials, and passwords in addresses.  What has no form of its own, such as a user id on its
own, cannot be found in a text: so user ids are never logged (a canary test looks).
"""

import datetime as dt
import json
import logging
import re
import sys
from typing import IO

__all__ = ["JsonFormatter", "configure_logs", "redact"]

_SECRET_FIELDS = (
    "apiKey",
    "api_key",
    "userId",
    "user_id",
    "uid",
    "sk",
    "secret",
    "secretKey",
    "secret_key",
    "sidekey",
    "side_key",
    "sideKey",
    "seed",
    "token",
    "captcha",
    "password",
    "authorization",
    "x-api-key",
    "cookie",
)
_HIDDEN = "[redacted]"
_NAMES = "|".join(re.escape(name) for name in _SECRET_FIELDS)
_PATTERNS = (
    # An API key, wherever it stands (`datasouk.market.ids`).
    (re.compile(r"dsk_[0-9A-Za-z]{10,}"), _HIDDEN),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"'\\,;]+"), rf"\1{_HIDDEN}"),
    # name: "value", 'name': 'value', name=value, also with escaped quotes: JSON within JSON.
    (
        re.compile(
            rf"(?i)(?<![A-Za-z0-9])((?:{_NAMES})\\*[\"']?\s*[:=]\s*\\*[\"']?)(?!\[redacted\])[^\s\"'\\,&;}})\]]+"
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@\"']*:)[^\s@/\"']+(?=@)"), rf"\1{_HIDDEN}"),
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Hide what looks like a secret."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


class JsonFormatter(logging.Formatter):
    """Makes a line of JSON of a record: time, level, logger, message, extra fields, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, redacted."""
        when = dt.datetime.fromtimestamp(record.created, dt.UTC)
        fields: dict[str, object] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return redact(json.dumps(fields, default=str, ensure_ascii=True))


def configure_logs(level: str = "info", *, stream: IO[str] | None = None) -> None:
    """Send every log of this process through the formatter, to standard error.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        stream: Where to, instead.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Where a request's address is logged in full by somebody else's library.
    for noisy in ("httpx2", "httpcore2", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
