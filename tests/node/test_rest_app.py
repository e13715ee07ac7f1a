import pytest
from tests.fakes import FakeNode

from datasouk.node.rest_app import RestApp, Route
from datasouk.node.rest_http import AsgiMessage, RestAnswer, RestRequest
from datasouk.node.rest_ports import RestContext

pytestmark = pytest.mark.anyio


async def _fixed(_api: RestContext, _request: RestRequest) -> RestAnswer:
    return RestAnswer(b"fixed")


async def _variable(_api: RestContext, request: RestRequest) -> RestAnswer:
    return RestAnswer(request.path("name").encode())


async def _call(path: str, method: str = "GET") -> tuple[int, bytes]:
    routes = [Route("GET", "/a/b", _fixed), Route("GET", "/a/{name}", _variable), Route("GET", "/a/{name}/c", _fixed)]
    app = RestApp(RestContext(FakeNode(), None, ()), routes, None)
    sent: list[AsgiMessage] = []

    async def receive() -> AsgiMessage:
        return {"type": "http.request", "body": b""}

    async def send(message: AsgiMessage) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a/b", b"fixed"), ("/a/b/", b"fixed"), ("/a/x", b"x"), ("/a/x/c", b"fixed"), ("/a/ /c", b"fixed")],
)
async def test_fixed_segments_come_before_variable_ones(path: str, expected: bytes) -> None:
    assert await _call(path) == (200, expected)


@pytest.mark.parametrize("path", ["", "/", "//", "/a", "/a//c", "/a/b/c", "/a/x/c/d", "/A/b", "a/b", "*"])
async def test_anything_else_is_404(path: str) -> None:
    assert (await _call(path))[0] == 404


async def test_head_has_no_body() -> None:
    assert await _call("/a/b", "HEAD") == (200, b"")


def test_two_handlers_of_one_method_and_path_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="one handler"):
        RestApp(RestContext(FakeNode(), None, ()), [Route("GET", "/a", _fixed), Route("GET", "/a", _fixed)], None)
