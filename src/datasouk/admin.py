"""What an operator may ask for, above all about accounts, and the Unix socket by which a running server does it.

There is one writer (``docs/decisions/0007-one-writer-in-groups.md``): while a server runs, the command line asks it;
else the command line opens the store itself.  Whoever may open the socket, a file of mode 0600 in the data folder, may
also read the server key beside it: so the socket asks for no credentials.

Protocol: the client sends one line of JSON, ``{"command": ..., ...}``, and gets one, ``{"ok": ...}`` or
``{"refused": text}``.
"""

import asyncio
import contextlib
import errno
import json
import os
import socket
from collections.abc import Awaitable, Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from datasouk.errors import DatasoukError
from datasouk.market.errors import InvalidField
from datasouk.market.records import Account, Role
from datasouk.market.users import Users

__all__ = ["AdminRefused", "AdminSocket", "ask_server", "run_command"]

SOCKET_FILE = "admin.sock"
_MAX_LINE_BYTES = 65_536
_TIMEOUT_SECONDS = 30.0
_PAGE = 500


class AdminRefused(DatasoukError):
    """What the operator asked for cannot be done."""


async def run_command(
    users: Users, request: Mapping[str, Any], *, databases: Mapping[str, str | None] | None = None
) -> object:
    """Do what an operator asks for.

    Args:
        users: The accounts.
        request: ``command`` is ``create`` (``email``, ``role``), ``list``, ``disable`` or ``promote`` (``who``: a
            handle or an e-mail address, ``undo``), or ``databases``, which a server alone answers.
        databases: Where the server's databases are.

    Returns:
        A JSON value.  That of ``create`` is secret: it has the user id and the API key.

    Raises:
        DatasoukError: It cannot be done.
    """
    match request.get("command"):
        case "create":
            made = await users.create(email=_text(request, "email"), role=_role(request))
            shown = {"userId": made.user_id, "apiKey": made.api_key}
            return shown | {"handle": made.account.handle, "email": made.account.email}
        case "list":
            return [_show(each) for each in await _all(users)]
        case "disable":
            account = await _find(users, _text(request, "who"))
            return _show(await users.change(account, is_disabled=not request.get("undo")))
        case "promote":
            account = await _find(users, _text(request, "who"))
            return _show(await users.change(account, role=Role.USER if request.get("undo") else Role.ADMIN))
        case "databases" if databases is not None:
            return dict(databases)
        case _:
            raise AdminRefused("there is no such command")


class AdminSocket:
    """The server's end.

    Args:
        folder: The data folder, which this process has locked.
        run: Does what is asked for.
    """

    def __init__(self, folder: Path, run: Callable[[Mapping[str, Any]], Awaitable[object]]) -> None:
        self._folder = folder
        self._run = run
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen; a socket that a killed server left behind is replaced."""
        path = self._folder / SOCKET_FILE
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        # A file that is never open to others, not even between two calls.
        umask = os.umask(0o177)
        try:
            with _short(self._folder) as short:
                listener.bind(f"{short}/{SOCKET_FILE}")
        finally:
            os.umask(umask)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_MAX_LINE_BYTES)

    async def close(self) -> None:
        """Stop listening, and remove the file."""
        if self._server is not None:
            self._server.close()
            (self._folder / SOCKET_FILE).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                answer = await self._answer(reader)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader) -> dict[str, object]:
        try:
            request = json.loads(await reader.readline())
            if not isinstance(request, dict):
                raise AdminRefused("a request is a JSON object")
            return {"ok": await self._run(request)}
        except DatasoukError as error:
            return {"refused": str(error)}
        except ValueError:
            return {"refused": "this cannot be read"}


def ask_server(folder: Path, request: Mapping[str, Any]) -> tuple[object] | None:
    """Ask the server that works in a data folder; blocking.

    Returns:
        The answer, in a tuple; None if no server listens there.

    Raises:
        AdminRefused: The server refuses, or does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_SECONDS)
        try:
            with _short(folder) as short:
                connection.connect(f"{short}/{SOCKET_FILE}")
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR):
                return None
            raise AdminRefused(f"{folder / SOCKET_FILE} cannot be used: {error.strerror}") from error
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as file:
                answer = json.loads(file.readline())
        except (OSError, ValueError) as error:
            raise AdminRefused("the server that works there does not answer") from error
    if "refused" in answer:
        raise AdminRefused(answer["refused"])
    return (answer["ok"],)


@contextlib.contextmanager
def _short(folder: Path) -> Generator[str, None, None]:
    """A name of the folder that is short enough for a socket's address, which has 108 bytes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


async def _all(users: Users) -> list[Account]:
    found: list[Account] = []
    while True:
        page = await users.page(after=found[-1].account_id if found else "", limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found


async def _find(users: Users, who: str | None) -> Account:
    if who is None or "@" not in who:
        return await users.by_handle(who or "")
    found = await users.by_email(who)
    if len(found) != 1:
        raise AdminRefused(f"{len(found)} accounts have the address {who}: name one by its handle")
    return found[0]


def _show(account: Account) -> dict[str, object]:
    return {
        "handle": account.handle,
        "email": account.email,
        "role": account.role.value,
        "disabled": account.is_disabled,
        "createdMs": account.created_ms,
    }


def _text(request: Mapping[str, Any], name: str) -> str | None:
    value = request.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidField(name, "a text")
    return value


def _role(request: Mapping[str, Any]) -> Role:
    return Role.ADMIN if _text(request, "role") == Role.ADMIN else Role.USER
