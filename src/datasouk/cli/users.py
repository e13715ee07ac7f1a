"""``datasouk users``: accounts, whether the server runs or not.

The server that runs is asked through a socket in the data folder; without one, the store is opened here.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["configure"]

_DESCRIPTION = """\
Accounts.  They work whether the server runs or not: if it does, it is asked through a socket in
--data-dir; else the store is opened here."""

_CREATE = """\
Make an account, and print its credentials: the user id, which buys and reads, and the API key,
which does everything.  The API key is shown this once."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser.description = _DESCRIPTION
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    form = argparse.RawDescriptionHelpFormatter

    create = commands.add_parser("create", help="make an account", description=_CREATE, formatter_class=form)
    create.add_argument("--email", help="whose it is, for the operator's eyes; it opens nothing")
    create.add_argument("--admin", action="store_true", help="may approve devices")
    _add_common(create)
    create.set_defaults(run=_create)

    listing = commands.add_parser("list", help="list all accounts", description="List all accounts, oldest first.")
    _add_common(listing)
    listing.set_defaults(run=_list)

    disable = commands.add_parser("disable", help="switch an account off", description="Switch an account off.")
    _add_who(disable, "switch it on again")
    disable.set_defaults(run=lambda arguments: _change(arguments, "disable"))

    promote = commands.add_parser("promote", help="make an account an admin", description="Make an account an admin.")
    _add_who(promote, "make it an ordinary one again")
    promote.set_defaults(run=lambda arguments: _change(arguments, "promote"))


def _add_who(parser: argparse.ArgumentParser, undo: str) -> None:
    parser.add_argument("who", metavar="WHO", help="handle or e-mail address")
    parser.add_argument("--undo", action="store_true", help=undo)
    _add_common(parser)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--data-dir", help="the server's folder (default: ./datasouk-data)")
    parser.add_argument("--config", type=Path, help="a TOML file with settings")


def _create(arguments: argparse.Namespace) -> None:
    role = "admin" if arguments.admin else "user"
    made = _ask(arguments, {"command": "create", "email": arguments.email, "role": role})
    if arguments.json:
        print(json.dumps(made))
    else:
        print(f"user id:  {made['userId']}\nAPI key:  {made['apiKey']}\nhandle:   {made['handle']}")


def _list(arguments: argparse.Namespace) -> None:
    accounts = _ask(arguments, {"command": "list"})
    if arguments.json:
        print(json.dumps(accounts))
        return
    for account in accounts:
        _print(account)


def _change(arguments: argparse.Namespace, command: str) -> None:
    account = _ask(arguments, {"command": command, "who": arguments.who, "undo": arguments.undo})
    if arguments.json:
        print(json.dumps(account))
    else:
        _print(account)


def _print(account: Mapping[str, Any]) -> None:
    state = "disabled" if account["disabled"] else account["role"]
    print(f"{account['handle']}  {state:8}  {account['email'] or ''}".rstrip())


def _ask(arguments: argparse.Namespace, request: Mapping[str, Any]) -> Any:
    from datasouk.admin import ask_server
    from datasouk.settings import read_settings

    settings = read_settings(config=arguments.config, given={"data_dir": arguments.data_dir})
    if settings.folder.is_dir():
        answer = ask_server(settings.folder, request)
        if answer is not None:
            return answer[0]
    from datasouk.app import administer
    from datasouk.serving import run

    return run(lambda: administer(settings, request))
