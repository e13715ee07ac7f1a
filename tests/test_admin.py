import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.market.market_of import market_of

from datasouk.admin import SOCKET_FILE, AdminRefused, AdminSocket, ask_server, run_command
from datasouk.errors import DatasoukError
from datasouk.market.records import Role


@pytest.mark.anyio
async def test_commands() -> None:
    users = market_of().users
    made: Any = await run_command(users, {"command": "create", "email": "a@example.org", "role": "admin"})
    account = await users.by_both(made["userId"], made["apiKey"])
    assert account.role is Role.ADMIN
    listed: Any = await run_command(users, {"command": "list"})
    assert [each["handle"] for each in listed] == [made["handle"]]
    assert made["userId"] not in json.dumps(listed)
    await run_command(users, {"command": "promote", "who": "a@example.org", "undo": True})
    await run_command(users, {"command": "disable", "who": made["handle"]})
    account = await users.by_handle(made["handle"])
    assert (account.role, account.is_disabled) == (Role.USER, True)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"command": "drop"},
        {"command": "disable"},
        {"command": "disable", "who": "nobody"},
        {"command": "disable", "who": "a@example.org"},
        {"command": "disable", "who": 5},
        {"command": "create", "email": "x"},
        {"command": "create", "email": ["x"]},
    ],
)
@pytest.mark.anyio
async def test_what_cannot_be_done_is_refused(asked: dict[str, Any]) -> None:
    users = market_of().users
    for _ in range(2):
        await users.create(email="a@example.org")
    with pytest.raises(DatasoukError):
        await run_command(users, asked)


@pytest.mark.anyio
async def test_all_pages_of_the_list_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasouk.admin._PAGE", 2)
    users = market_of().users
    for _ in range(4):
        await users.create()
    listed: Any = await run_command(users, {"command": "list"})
    assert len(listed) == 4


@pytest.mark.anyio
async def test_a_server_alone_tells_where_its_databases_are() -> None:
    users = market_of().users
    with pytest.raises(AdminRefused, match="no such command"):
        await run_command(users, {"command": "databases"})
    databases = {"market": "/data/market.db", "ledger": None}
    assert await run_command(users, {"command": "databases"}, databases=databases) == databases


async def echo(request: Any) -> object:
    if request.get("refuse"):
        raise AdminRefused("no")
    return request


@pytest.mark.anyio
async def test_a_server_is_asked_through_a_socket_that_only_its_owner_may_open(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    assert await asyncio.to_thread(ask_server, folder, {}) is None
    (folder / SOCKET_FILE).touch()  # Left behind.
    server = AdminSocket(folder, echo)
    await server.start()
    assert (folder / SOCKET_FILE).stat().st_mode & 0o777 == 0o600
    assert await asyncio.to_thread(ask_server, folder, {"a": [1]}) == ({"a": [1]},)
    with pytest.raises(AdminRefused, match="no"):
        await asyncio.to_thread(ask_server, folder, {"refuse": True})
    await server.close()
    assert await asyncio.to_thread(ask_server, folder, {}) is None
    assert not (folder / SOCKET_FILE).exists()


@pytest.mark.parametrize("sent", [b"\n", b"[]\n", b"{\n", b"\xff\n", b"x" * 200_000 + b"\n", b""])
@pytest.mark.anyio
async def test_rubbish_through_the_socket_is_refused(sent: bytes, tmp_path: Path) -> None:
    server = AdminSocket(tmp_path, echo)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET_FILE)
    writer.write(sent)
    if writer.can_write_eof():
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    assert b"refused" in answer
    writer.close()
    assert await asyncio.to_thread(ask_server, tmp_path, {"a": 1}) == ({"a": 1},)
    await server.close()


def test_a_socket_that_nobody_listens_at_is_no_server(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / SOCKET_FILE))
        assert ask_server(tmp_path, {}) is None
