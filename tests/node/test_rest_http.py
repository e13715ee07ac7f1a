from collections.abc import Iterable
from typing import Any

import pytest

from datasouk.ledger.errors import InvalidJson, MissingField
from datasouk.node.rest_http import MAX_BODY_BYTES, AsgiMessage, HttpRefused, RestRequest, answer_data

pytestmark = pytest.mark.anyio


def _request(
    *, query: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = (), messages: Iterable[AsgiMessage] = ()
) -> RestRequest:
    left = iter(messages)

    async def receive() -> AsgiMessage:
        return next(left)

    scope: dict[str, Any] = {"type": "http", "query_string": query, "headers": list(headers)}
    return RestRequest(scope, receive, {"name": "value"})


def _chunk(body: bytes, *, more: bool = False) -> AsgiMessage:
    return {"type": "http.request", "body": body, "more_body": more}


def test_fields_of_the_path() -> None:
    request = _request()
    assert (request.path("name"), request.has_path("name"), request.has_path("other")) == ("value", True, False)


class TestQuery:
    def test_first_of_a_name_counts(self) -> None:
        request = _request(query=b"a=1&b=&a=2&c=%C3%A9+x")
        assert [request.query(name) for name in "abcd"] == ["1", "", "é x", None]

    @pytest.mark.parametrize("query", [b"", b"b=1", b"a=", b"a", b"=a"])
    def test_required_field_must_be_there(self, query: bytes) -> None:
        with pytest.raises(MissingField, match="query field a"):
            _request(query=query).required_query("a")

    def test_fields_are_limited(self) -> None:
        with pytest.raises(InvalidJson, match="more than 16 fields"):
            _request(query=b"a=1&" * 17).query("a")


class TestBody:
    async def test_is_put_together(self) -> None:
        assert await _request(messages=[_chunk(b"one")]).body() == b"one"
        assert await _request(messages=[_chunk(b"o", more=True), _chunk(b"ne")]).body() == b"one"
        assert await _request(messages=[{"type": "http.request"}]).body() == b""

    async def test_announced_length_is_believed_before_reading(self) -> None:
        for length in (MAX_BODY_BYTES + 1, 10**30):
            with pytest.raises(HttpRefused) as caught:
                await _request(headers=[(b"content-length", b"%d" % length)]).body()
            assert caught.value.status == 413

    async def test_length_is_limited_while_reading(self) -> None:
        chunks = [_chunk(bytes(2**19), more=True), _chunk(bytes(2**19), more=True)]
        assert len(await _request(messages=[*chunks, _chunk(b"")]).body()) == MAX_BODY_BYTES
        with pytest.raises(HttpRefused, match="longer than 1048576 bytes"):
            await _request(messages=[*chunks, _chunk(b"x")]).body()

    async def test_client_that_has_gone_is_refused(self) -> None:
        with pytest.raises(HttpRefused, match="ends early"):
            await _request(messages=[_chunk(b"x", more=True), {"type": "http.disconnect"}]).body()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=utf-8", True),
        (b"application/octet-stream", False),
        (b"", False),
    ],
)
def test_content_type(kind: bytes, expected: bool) -> None:
    assert _request(headers=[(b"content-type", kind)]).says_json is expected


def test_envelope() -> None:
    answer = answer_data({"a": 1}, status=201, headers=((b"location", b"x"),))
    assert (answer.body, answer.status, answer.headers) == (b'{"data":{"a":1}}', 201, ((b"location", b"x"),))
