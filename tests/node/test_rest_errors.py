import json

import pytest

from datasouk.errors import DatasoukError
from datasouk.ledger.answers import NodeRefused, NodeTimeout, NodeUnavailable, NotInLedger
from datasouk.ledger.errors import InvalidJson
from datasouk.node.rest_errors import answer_error
from datasouk.node.rest_http import HttpRefused


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotInLedger("message", "12"), 404),
        (NodeRefused("no"), 400),
        (InvalidJson("JSON", "is not"), 400),
        (NodeUnavailable("busy"), 503),
        (NodeTimeout("later"), 503),
        (DatasoukError("broken ledger"), 503),
        (HttpRefused(405, "no"), 405),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_status_and_tells_its_text(error: Exception, status: int) -> None:
    answer = answer_error(error)
    assert answer.status == status
    assert json.loads(answer.body) == {"error": {"code": str(status), "message": str(error)}}


def test_long_texts_are_cut_and_broken_ones_mended() -> None:
    message = json.loads(answer_error(NodeRefused("\ud800" + "x" * 5000)).body)["error"]["message"]
    assert message == "?" + "x" * 999
