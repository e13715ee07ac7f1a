from collections.abc import AsyncIterator

import pytest
from tests.fakes import FakeFaucet
from tests.node.rig import API, Rig, running

from datasouk.ledger import Indexation, MessageDraft
from datasouk.ledger.json import message_from_json

_HELLO = {"payload": {"type": 2, "index": "aa", "data": "00ff"}}

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running(FakeFaucet()) as rig:
        yield rig


class TestMessages:
    async def test_post_json_answers_id_and_location(self, rig: Rig) -> None:
        answer = await rig.http.post(f"{API}/messages", json=_HELLO)
        message_id = answer.json()["data"]["messageId"]
        assert (answer.status_code, answer.headers["location"]) == (201, message_id)
        fields = await rig.get(f"{API}/messages/{message_id}")
        assert message_from_json(fields).message_id().hex() == message_id
        assert fields["payload"] == _HELLO["payload"]

    async def test_post_bytes(self, rig: Rig) -> None:
        draft = MessageDraft(payload=Indexation(b"\xaa", b"x")).to_bytes()
        for headers in ({"content-type": "application/octet-stream"}, {}):
            message_id = (await rig.post(f"{API}/messages", content=draft, headers=headers))["messageId"]
            raw = await rig.http.get(f"{API}/messages/{message_id.upper()}/raw")
            assert raw.headers["content-type"] == "application/octet-stream"
            assert raw.content == (await rig.node.message(bytes.fromhex(message_id))).to_bytes()

    async def test_posting_a_known_message_answers_its_id_again(self, rig: Rig) -> None:
        message_id = (await rig.post(f"{API}/messages", json=_HELLO))["messageId"]
        fields = await rig.get(f"{API}/messages/{message_id}")
        assert await rig.post(f"{API}/messages", json=fields) == {"messageId": message_id}

    async def test_find_echoes_the_index(self, rig: Rig) -> None:
        message_id = (await rig.post(f"{API}/messages", json=_HELLO))["messageId"]
        found = {"index": "aa", "maxResults": 10_000, "count": 1, "messageIds": [message_id]}
        assert await rig.get(f"{API}/messages?index=AA") == found
        assert (await rig.get(f"{API}/messages?index=aa00"))["count"] == 0

    async def test_children_and_metadata(self, rig: Rig) -> None:
        message_id = (await rig.post(f"{API}/messages", json=_HELLO))["messageId"]
        metadata = await rig.get(f"{API}/messages/{message_id}/metadata")
        assert (metadata["shouldPromote"], metadata["isSolid"]) == (False, True)
        await rig.node.wait_included(bytes.fromhex(message_id), timeout_seconds=5)
        metadata = await rig.get(f"{API}/messages/{message_id}/metadata")
        assert (metadata["ledgerInclusionState"], "shouldPromote" in metadata) == ("noTransaction", False)
        children = await rig.get(f"{API}/messages/{message_id}/children")
        assert children["childrenMessageIds"] == [rig.node.latest_milestone().message_id.hex()]
        assert (await rig.get(f"{API}/messages/{'00' * 31}ff/children"))["count"] == 0

    @pytest.mark.parametrize("tail", ["", "/metadata", "/raw"])
    async def test_unknown_message_is_404(self, rig: Rig, tail: str) -> None:
        error = await rig.get(f"{API}/messages/{'12' * 32}{tail}", 404)
        assert error == {"code": "404", "message": f"message not found: {'12' * 32}"}

    @pytest.mark.parametrize("name", ["12", "zz" * 32, "12" * 33, "%C3%A9" * 64, "%00", "1" * 2000])
    async def test_anything_but_an_id_is_400(self, rig: Rig, name: str) -> None:
        error = await rig.get(f"{API}/messages/{name}", 400)
        assert error["message"].startswith("message id: ")
