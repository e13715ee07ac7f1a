"""Errors to HTTP: the one place where the REST interface gives an error its status.

Every failure has the envelope ``{"error": {"code": "<status>", "message": "..."}}``; iota.js reads both fields.
"""

import logging

import msgspec

from datasouk.errors import DatasoukError
from datasouk.ledger.answers import NodeRefused, NodeTimeout, NodeUnavailable, NotInLedger
from datasouk.ledger.errors import LedgerError
from datasouk.node.rest_http import Headers, HttpRefused, RestAnswer

__all__ = ["answer_error"]

_MAX_MESSAGE_LENGTH = 1000


def answer_error(error: Exception) -> RestAnswer:
    """Put an error into the envelope of failure; one that nobody foresaw is logged, and its text kept back."""
    match error:
        case HttpRefused():
            return _answer(error.status, str(error), error.headers)
        case NotInLedger():
            return _answer(404, str(error))
        case NodeRefused() | LedgerError():
            return _answer(400, str(error))
        case (
            NodeUnavailable() | NodeTimeout() | DatasoukError()
        ):  # The last: trouble of the node's own, as its text says.
            return _answer(503, str(error))
        case _:
            logging.getLogger(__name__).error("a request failed in a way that nobody foresaw", exc_info=error)
            return _answer(500, "internal error")


def _answer(status: int, message: str, headers: Headers = ()) -> RestAnswer:
    text = message[:_MAX_MESSAGE_LENGTH].encode("utf-8", "replace").decode()  # JSON can smuggle lone surrogates in.
    fields = {"code": str(status), "message": text}
    return RestAnswer(msgspec.json.encode({"error": fields}), status, headers=headers)
