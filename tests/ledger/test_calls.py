import json
from typing import Any

import pytest

from datasouk.ledger import Address, Indexation, Message, calls
from datasouk.ledger.answers import NodeError, NodeRefused, NodeUnavailable, NotInLedger
from datasouk.ledger.calls import Call, NodeAddress
from datasouk.ledger.errors import OutOfRange, WrongLength
from datasouk.ledger.json import message_to_json

_MESSAGE = Message(7, (bytes(32),), payload=Indexation(b"index", b"data"))
_ID = _MESSAGE.message_id()
_OTHER = b"\x55" * 32
_OUTPUT = _OTHER + b"\x01\x00"
_ADDRESS = Address(_OTHER)
_STATE: dict[str, Any] = {
    "messageId": "11" * 32,
    "transactionId": _OTHER.hex(),
    "outputIndex": 1,
    "isSpent": False,
    "ledgerIndex": 3,
    "output": {"type": 0, "address": {"type": 0, "address": _OTHER.hex()}, "amount": 5},
}
_METADATA = {"messageId": _ID.hex(), "parentMessageIds": ["00" * 32], "isSolid": True}
_BALANCE = {"addressType": 0, "address": _OTHER.hex(), "balance": 1, "dustAllowed": False, "ledgerIndex": 3}


def _body(data: object) -> bytes:
    return json.dumps({"data": data}).encode()


class TestRequest:
    @pytest.mark.parametrize(
        ("call", "path"),
        [
            (calls.info(), "info"),
            (calls.message(_ID), f"messages/{_ID.hex()}/raw"),
            (calls.raw(_ID), f"messages/{_ID.hex()}/raw"),
            (calls.find(b"\xff"), "messages?index=ff"),
            (calls.metadata(_ID), f"messages/{_ID.hex()}/metadata"),
            (calls.children(_ID), f"messages/{_ID.hex()}/children"),
            (calls.milestone(5), "milestones/5"),
            (calls.output(_OUTPUT), f"outputs/{_OUTPUT.hex()}"),
            (calls.outputs(_ADDRESS), f"addresses/ed25519/{_OTHER.hex()}/outputs"),
            (calls.balance(_ADDRESS), f"addresses/ed25519/{_OTHER.hex()}"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_is_a_get(self, call: Call[object], path: str) -> None:
        assert (call.method, call.path, call.body) == ("GET", f"/api/v1/{path}", None)

    def test_outputs_say_what_is_wanted(self) -> None:
        call = calls.outputs(_ADDRESS, include_spent=True, output_type=0)  # type: ignore[arg-type]
        assert call.path.endswith("/outputs?include-spent=true&type=0")

    def test_submit_leaves_to_the_node_what_is_not_given(self) -> None:
        assert json.loads(calls.submit(None).body or b"") == {}
        full = json.loads(calls.submit(_MESSAGE.payload, parents=[_ID]).body or b"")
        assert full == {"payload": message_to_json(_MESSAGE)["payload"], "parentMessageIds": [_ID.hex()]}

    def test_nonsense_is_not_even_asked(self) -> None:
        for wrong in (lambda: calls.raw(b"short"), lambda: calls.output(b"short"), lambda: calls.metadata(b"")):
            with pytest.raises(WrongLength):
                wrong()
        for index in (b"", b"x" * 65):
            with pytest.raises(OutOfRange):
                calls.find(index)
        with pytest.raises(OutOfRange):
            calls.milestone(-1)


class TestAnswer:
    def test_values(self) -> None:
        assert calls.message(_ID).answer(200, _MESSAGE.to_bytes()) == _MESSAGE
        assert calls.submit(None).answer(201, _body({"messageId": _ID.hex()})) == _ID
        assert calls.find(b"x").answer(200, _body({"index": "78", "messageIds": [_ID.hex()]})) == [_ID]
        assert calls.metadata(_ID).answer(200, _body(_METADATA)).message_id == _ID
        assert calls.output(_OUTPUT).answer(200, _body(_STATE)).output.amount_iota == 5
        assert calls.balance(_ADDRESS).answer(200, _body(_BALANCE)).balance_iota == 1

    @pytest.mark.parametrize(
        ("call", "body"),
        [
            (calls.raw(_ID), b""),
            (calls.raw(_ID), _MESSAGE.with_nonce(1).to_bytes()),
            (calls.message(_ID), b"x" * 40_000),
            (calls.message(_ID), _body(message_to_json(_MESSAGE))),
            (calls.info(), b"<html>"),
            (calls.info(), b'{"data":null}'),
            (calls.info(), b'{"error":{"code":"404","message":"no"}}'),
            (calls.info(), _body({})),
            (calls.submit(None), _body({"messageId": "12"})),
            (calls.find(b"x"), _body({"index": "79", "messageIds": []})),
            (calls.find(b"x"), _body({"index": "78", "messageIds": ["78"]})),
            (calls.find(b"x"), _body({"index": "78", "messageIds": ["00" * 32] * 16_385})),
            (calls.metadata(_ID), _body({**_METADATA, "messageId": _OTHER.hex()})),
            (calls.children(_ID), _body({"messageId": _OTHER.hex(), "childrenMessageIds": []})),
            (calls.milestone(5), _body({"index": 6, "messageId": _ID.hex(), "timestamp": 1})),
            (calls.output(_OUTPUT), _body({**_STATE, "outputIndex": 2})),
            (calls.output(_OUTPUT), _body({**_STATE, "outputIndex": 2**70})),
            (calls.balance(_ADDRESS), _body({**_BALANCE, "address": _ID.hex()})),
            (calls.outputs(_ADDRESS), _body({"address": _ID.hex(), "outputIds": []})),
            (calls.outputs(_ADDRESS), _body({"address": _OTHER.hex(), "outputIds": ["ff" * 34]})),
            (calls.inclusion_path(_ID), _body({"milestone": "00", "steps": ["00"] * 65})),
        ],
        ids=range(21),
    )
    def test_that_does_not_fit_is_the_nodes_fault(self, call: Call[object], body: bytes) -> None:
        with pytest.raises(NodeUnavailable, match="makes no sense"):
            call.answer(200, body)

    @pytest.mark.parametrize(
        ("status", "error"),
        [(400, NodeRefused), (403, NodeRefused), (413, NodeRefused), (404, NotInLedger)]
        + [(status, NodeUnavailable) for status in (301, 304, 429, 500, 502, 503, 100)],
    )
    def test_each_status_has_its_error(self, status: int, error: type[NodeError]) -> None:
        with pytest.raises(error):
            calls.raw(_ID).answer(status, b"whatever")

    def test_404_where_nothing_is_looked_up_is_no_node(self) -> None:
        with pytest.raises(NodeUnavailable, match="the node answered 404"):
            calls.info().answer(404, b"")

    def test_text_of_the_node_is_shown_on_one_short_line(self) -> None:
        text = "no\r\n\x1b[31m" + "x" * 1000
        with pytest.raises(NodeRefused) as caught:
            calls.submit(None).answer(400, json.dumps({"error": {"code": "400", "message": text}}).encode())
        assert str(caught.value).startswith("the node answered 400: no   [31mxxx")
        assert len(str(caught.value)) < 400


class TestChecks:
    def test_attached_message_must_be_the_submitted_one(self) -> None:
        calls.check_attached(_MESSAGE, _MESSAGE.payload, parents=[bytes(32)])
        for payload, parents in ((None, None), (_MESSAGE.payload, [_OTHER])):
            with pytest.raises(NodeUnavailable, match="not the one submitted"):
                calls.check_attached(_MESSAGE, payload, parents=parents)

    def test_keys_come_from_milestones_only(self) -> None:
        with pytest.raises(NodeUnavailable):
            calls.read_coordinator_keys(_MESSAGE)

    def test_delays_grow_to_a_limit(self) -> None:
        delays = calls.poll_delays(first_seconds=1, longest_seconds=2)
        assert [next(delays) for _ in range(4)] == [1, 1.5, 2, 2]


class TestNodeAddress:
    @pytest.mark.parametrize(
        ("url", "origin", "prefix"),
        [
            ("http://127.0.0.1:14265", "http://127.0.0.1:14265", ""),
            ("https://node.example/", "https://node.example:443", ""),
            ("HTTP://Node.example/one two/", "http://node.example:80", "/one%20two"),
            ("http://[::1]:5", "http://[::1]:5", ""),
        ],
    )
    def test_is_read(self, url: str, origin: str, prefix: str) -> None:
        address = NodeAddress.from_url(url)
        assert (address.origin, address.prefix) == (origin, prefix)

    @pytest.mark.parametrize(
        "url", ["", "node", "ftp://x", "http://", "http://u:p@x", "http://x?a=1", "http://x#a", "http://x:99999"]
    )
    def test_anything_else_is_refused_without_being_shown(self, url: str) -> None:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is checked below.
            NodeAddress.from_url(url)
        assert "u:p" not in str(caught.value)
