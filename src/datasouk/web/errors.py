"""Errors to HTTP: the one place where a refusal gets its status.

The body is always ``{"error": text, "code": word, "requestId": id}``.  The statuses are those that the original's
clients know: 400 for what is missing or malformed, 403 for other refusals, and 200 for a few of them.
"""

import logging
from collections.abc import Mapping

from datasouk.errors import DatasoukError
from datasouk.ledger.answers import NodeError
from datasouk.market.errors import InvalidDevice, MarketError, MissingField, RefusedInput, SecretsError, StoreError
from datasouk.web.captcha import CaptchaRefused
from datasouk.web.http import Answer, HttpRefused, answer_error

__all__ = ["CODES_WITH_STATUS", "answer_refusal"]

_log = logging.getLogger(__name__)
_MAX_TEXT = 1000
_RETRY_SECONDS = b"2"

# Codes of `MarketError` that have another status than their kind: as recorded from the original, or by what HTTP says.
CODES_WITH_STATUS = {
    "device_id_taken": 200,
    "too_many_devices": 200,
    "not_enough_funds": 200,
    "pending": 202,
    "overloaded": 503,
}


def answer_refusal(
    error: Exception,
    request_id: str,
    *,
    statuses: Mapping[str, int] | None = None,
    missing: str | None = None,
) -> Answer:
    """Make the answer of an error; one that nobody foresaw is logged, and its text kept back.

    Args:
        error: Whatever a handler raised.
        request_id: Names the request.
        statuses: Statuses of codes that are special to a route.
        missing: The text for a missing field, if it is special to a route.
    """
    match error:
        case HttpRefused():
            answer = answer_error(error.status, str(error), error.code, request_id)
            return Answer(answer.body, answer.status, headers=error.headers)
        case CaptchaRefused():
            return answer_error(403, list(error.reasons), "captcha_refused", request_id)
        case MissingField() if missing is not None:
            return answer_error(400, missing, error.code, request_id)
        case SecretsError():
            return _internal(error, request_id)
        case MarketError():
            return _answer_market(error, request_id, statuses or {})
        case NodeError():
            return _unavailable("the ledger node is not there, try again", "node_unavailable", request_id)
        case _:
            return _internal(error, request_id)


def _answer_market(error: MarketError, request_id: str, statuses: Mapping[str, int]) -> Answer:
    status = statuses.get(error.code) or CODES_WITH_STATUS.get(error.code) or _status_of(error)
    if status == 503:
        if isinstance(error, StoreError) and error.code != "overloaded":
            _log.error("the store fails", exc_info=error, extra={"request_id": request_id})
            return _unavailable("the store is not there, try again", error.code, request_id)
        return _unavailable(str(error), error.code, request_id)
    # What a client sent may come back in the text, and JSON can smuggle lone surrogates in.
    text = str(error)[:_MAX_TEXT].encode("utf-8", "replace").decode()
    if status == 202:
        return answer_error(status, text, error.code, request_id, success=False)
    return answer_error(status, text, error.code, request_id)


def _status_of(error: MarketError) -> int:
    if isinstance(error, StoreError):
        return 503
    return 400 if isinstance(error, RefusedInput) and not isinstance(error, InvalidDevice) else 403


def _unavailable(text: str, code: str, request_id: str) -> Answer:
    answer = answer_error(503, text, code, request_id)
    return Answer(answer.body, 503, headers=((b"retry-after", _RETRY_SECONDS),))


def _internal(error: Exception, request_id: str) -> Answer:
    what = "trouble of our own" if isinstance(error, DatasoukError) else "a request failed in a way nobody foresaw"
    _log.error(what, exc_info=error, extra={"request_id": request_id})
    return answer_error(500, "internal error", "internal", request_id)
