"""``datasouk serve``: run the marketplace in the foreground."""

import argparse
from pathlib import Path

__all__ = ["configure"]

_DESCRIPTION = """\
Run the marketplace in the foreground, until SIGTERM or Ctrl-C.

All state is kept in --data-dir; what was acknowledged is on disk, and after a crash it starts
unaided.  Everything else is set by environment variables DATASOUK_* or a TOML file: see
docs/reference/settings.md."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.description = _DESCRIPTION
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any that is free (default: 8000)")
    parser.add_argument("--data-dir", help="the folder with all state (default: ./datasouk-data)")
    parser.add_argument("--config", type=Path, help="a TOML file with settings")
    parser.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> None:
    from datasouk.app import serve_market
    from datasouk.serving import run
    from datasouk.settings import read_settings

    given = {"host": arguments.host, "port": arguments.port, "data_dir": arguments.data_dir}
    settings = read_settings(config=arguments.config, given=given)

    def ready(port: int) -> None:
        print(f"datasouk ready: http://{settings.host}:{port}", flush=True)

    run(lambda: serve_market(settings, ready=ready))
