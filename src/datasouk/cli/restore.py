"""``datasouk restore``: a data folder from a backup."""

import argparse
from pathlib import Path

__all__ = ["configure"]

_DESCRIPTION = """\
Check a backup, and make a new data folder of it; an existing folder is never touched.

Put the keys into the folder before you start a server in it: see docs/howto/back-up.md."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.description = _DESCRIPTION
    parser.add_argument("file", metavar="FILE", type=Path, help="what datasouk backup has written")
    parser.add_argument(
        "--data-dir", type=Path, default=Path("datasouk-data"), help="the folder to make (default: ./datasouk-data)"
    )
    parser.set_defaults(run=_restore)


def _restore(arguments: argparse.Namespace) -> None:
    from datasouk.backup import restore_backup
    from datasouk.node.database import LEDGER_FILE

    folder = arguments.data_dir.absolute()
    names = restore_backup(arguments.file, folder)
    keys = ["server.key", *(["coordinator.key"] if LEDGER_FILE in names else []), "operator.key"]
    print(f"{folder}  {', '.join(names)}\nbefore you start a server, copy there: {', '.join(keys)}")
