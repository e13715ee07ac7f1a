"""``datasouk backup``: the databases of a marketplace in one file, whether the server runs or not."""

import argparse
from pathlib import Path

__all__ = ["configure"]

_DESCRIPTION = """\
Write the market's database and its ledger's, as of one moment, into one new file of mode 0600.
A server may run meanwhile: it is asked where its databases are.

No key is in the file.  Keep server.key, coordinator.key and operator.key elsewhere: see
docs/howto/back-up.md."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.description = _DESCRIPTION
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to write; must not be there")
    parser.add_argument("--data-dir", help="the server's folder (default: ./datasouk-data)")
    parser.add_argument("--config", type=Path, help="a TOML file with settings")
    parser.set_defaults(run=_backup)


def _backup(arguments: argparse.Namespace) -> None:
    from datasouk.admin import ask_server
    from datasouk.app import name_databases
    from datasouk.backup import make_backup
    from datasouk.settings import read_settings

    settings = read_settings(config=arguments.config, given={"data_dir": arguments.data_dir})
    answer = ask_server(settings.folder, {"command": "databases"}) if settings.folder.is_dir() else None
    # The settings of a server that runs may be others than those of this shell.
    found = name_databases(settings) if answer is None else answer[0]
    assert isinstance(found, dict)
    ledger = found["ledger"]
    target = arguments.file.absolute()
    make_backup(target, market=Path(found["market"]), ledger=None if ledger is None else Path(ledger))
    print(f"{target}  {target.stat().st_size} bytes")
