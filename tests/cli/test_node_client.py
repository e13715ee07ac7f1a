"""``datasouk node fund`` and ``path`` against a node that is served in this process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.serving import serving

from datasouk.cli.main import main
from datasouk.ledger import Address, Indexation
from datasouk.ledger.inclusion import InclusionPath, verify_inclusion
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.rest import create_node_app
from datasouk.node.settings import NodeSettings

pytestmark = pytest.mark.anyio
_BUYER = Address(b"\x07" * 32)
_NAME = _BUYER.to_bech32(hrp="atoi")
_NOBODY = "http://127.0.0.1:9"


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[EmbeddedNode, str]]:
    node = EmbeddedNode(folder, NodeSettings(milestone_seconds=0.5))
    await node.start()
    async with serving(create_node_app(node)) as port:
        yield node, f"http://127.0.0.1:{port}"
    await node.close()


async def call(*arguments: str) -> int:
    return await asyncio.to_thread(main, ["node", *arguments])


async def test_fund_pays_from_the_operators_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(tmp_path) as (node, url):
        for total in (1_000_000, 2_000_000):
            assert await call("fund", _NAME, "1000000", "--node", url, "--data-dir", str(tmp_path)) == 0
            assert (await node.balance(_BUYER)).balance_iota == total
        printed = capsys.readouterr()
        assert printed.err == ""
        message_id = bytes.fromhex(printed.out.split()[-1])
        assert printed.out.startswith(f"paid 1000000 i to {_NAME}: message ")
        assert (await node.metadata(message_id)).referenced_by


async def test_fund_refuses_what_the_ledger_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(tmp_path) as (node, url):
        own = node.operator_key.address.to_bech32(hrp="atoi")
        for address, amount, reason in (
            (_NAME, "999999", "is dust"),
            (_NAME, "2779530283277760", "does not cover"),
            (own, "1000000", "the operator's own address"),
            (_BUYER.to_bech32(hrp="iota"), "1000000", "begin with 'atoi'"),
        ):
            assert await call("fund", address, amount, "--node", url, "--data-dir", str(tmp_path)) == 1
            printed = capsys.readouterr()
            assert printed.out == ""
            assert reason in printed.err
        assert (await node.balance(_BUYER)).balance_iota == 0


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "1e6", "١", "1_000_000", "2779530283277762", "9" * 17])
async def test_wrong_amounts_are_wrong_calls(amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await call("fund", "--node", _NOBODY, "--", _NAME, amount) == 2
    assert "AMOUNT" in capsys.readouterr().err


async def test_missing_key_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await call("fund", _NAME, "1000000", "--data-dir", str(tmp_path)) == 1
    assert "operator.key does not exist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "and none is made"


async def test_path_prints_a_proof_that_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(tmp_path) as (node, url):
        message_id = await node.submit(Indexation(b"proof"))
        await node.wait_included(message_id, timeout_seconds=10)
        assert await call("path", message_id.hex(), "--node", url) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["messageId"] == message_id.hex()
        inclusion = verify_inclusion(InclusionPath.from_json(answer), message_id, await node.coordinator_keys())
        assert inclusion.milestone_index


async def test_path_of_an_unknown_message_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(tmp_path) as (_, url):
        assert await call("path", "12" * 32, "--node", url) == 1
        assert "NotInLedger" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["path", "12"], ["path", "12" * 32, "--node", "nowhere"]])
async def test_wrong_arguments_are_wrong_calls(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert await call(*arguments) == 2
    assert capsys.readouterr().err


async def test_absent_node_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert await call("path", "12" * 32, "--node", _NOBODY) == 1
    assert "the node cannot be reached" in capsys.readouterr().err
