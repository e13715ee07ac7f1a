from typing import Any

import pytest

from datasouk.market.errors import InvalidField
from datasouk.web.http import MAX_BODY_BYTES, HttpRefused, Request, answer_error, answer_json

pytestmark = pytest.mark.anyio


def request(*chunks: bytes, query: bytes = b"", gone: bool = False, **headers: str) -> Request:
    events: list[Any] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    events.append({"type": "http.disconnect"} if gone else {"type": "http.request"})

    async def receive() -> Any:
        return events.pop(0)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"headers": named, "query_string": query, "client": ("10.0.0.1", 5)}, receive, "id")


async def test_json_and_forms_have_fields_and_others_have_none() -> None:
    for media_type in ("application/json", "APPLICATION/JSON; charset=UTF-8", 'application/json;charset="utf-8"'):
        assert (await request(b'{"a":', b'"b"}', content_type=media_type).fields()).text("a") == "b"
    assert (await request(b"a=b", content_type="application/x-www-form-urlencoded").fields()).text("a") == "b"
    for media_type in ("text/plain", "", "application/jsonp", "multipart/form-data; boundary=x"):
        assert (await request(b'{"a": "b"}', content_type=media_type).fields()).text("a") is None


async def test_what_cannot_be_read_is_refused() -> None:
    for status, refused in (
        (413, request(b"", content_length=str(MAX_BODY_BYTES + 1))),
        (413, request(b"", content_length="9" * 4000)),
        (413, request(b"x" * MAX_BODY_BYTES, b"x")),
        (415, request(b"x", content_encoding="gzip")),
        (415, request(b"{}", content_type="application/json; charset=utf-16")),
        (400, request(b'{"a"', gone=True, content_type="application/json")),
    ):
        with pytest.raises(HttpRefused) as caught:
            await refused.fields()
        assert caught.value.status == status


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    assert len(await request(b"x" * MAX_BODY_BYTES, content_length=str(MAX_BODY_BYTES)).body()) == MAX_BODY_BYTES


async def test_the_query_is_read_once() -> None:
    asked = request(query=b"a=1")
    assert asked.query is asked.query
    assert asked.query.text("a") == "1"
    with pytest.raises(InvalidField):
        request(query=b"a=1&a=2").query.text("a")


async def test_headers_and_address() -> None:
    asked = request(x_api_key="k")
    assert asked.header(b"x-api-key") == b"k"
    assert asked.header(b"origin") == b""
    assert asked.address == "10.0.0.1"
    del asked.scope["client"]
    assert asked.address == ""


async def test_answers() -> None:
    assert answer_json(None).body == b"null"
    assert answer_error(403, "no", "word", "id").body == b'{"error":"no","code":"word","requestId":"id"}'
