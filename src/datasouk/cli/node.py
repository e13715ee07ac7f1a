"""``datasouk node``: run a ledger node, check its database; `datasouk.cli.node_client` has the other two commands.

Secrets stay in the files of the data folder; nothing secret is printed or taken from the command line.
"""

import argparse
import sys
from pathlib import Path

from datasouk.cli.errors import CannotDo
from datasouk.cli.node_client import add_client_commands

__all__ = ["configure"]

_DESCRIPTION = """\
The ledger node: an IOTA 1.5 ("Chrysalis") node of your own, which the published client libraries
cannot tell from the real one.

All its state is in one folder: the ledger, the coordinator's keys and the operator's key, to which
the whole supply of a new ledger belongs."""

_SERVE = """\
Run a node in the foreground, until SIGTERM or Ctrl-C.

REST is at http://HOST:PORT/api/v1, MQTT over WebSocket at /mqtt on the same port, and over TCP on
--mqtt-port. Everything that was acknowledged is on disk; after a crash the node starts unaided."""

_CHECK = """\
Verify a node's whole database, whether the node runs or not: every id, every parent and index entry,
every milestone's signatures and Merkle root, and every outcome, output and balance by applying all
transactions once more.

Exit code 0 if nothing is wrong, 1 otherwise, with one line for each problem."""

_PROGRESS_EVERY = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser.description = _DESCRIPTION
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    form = argparse.RawDescriptionHelpFormatter

    serve = commands.add_parser("serve", help="run a node", description=_SERVE, formatter_class=form)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=14265, help="of REST and MQTT over WebSocket (default: %(default)s)")
    serve.add_argument("--mqtt-port", type=int, help="of MQTT over TCP (default: none)")
    _add_folder(serve)
    serve.add_argument("--network", default="datasouk", help="name of a new ledger's network (default: %(default)s)")
    serve.add_argument("--min-pow-score", type=float, default=0, help="proof of work to ask for (default: none)")
    serve.add_argument("--no-faucet", action="store_true", help="give no free tokens away")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="verify a node's database", description=_CHECK, formatter_class=form)
    _add_folder(check)
    check.set_defaults(run=_check)

    add_client_commands(commands, _add_folder)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", type=Path, default=Path("node-data"), help="the node's folder (default: ./node-data)"
    )


def _serve(arguments: argparse.Namespace) -> None:
    from datasouk.app import NodeServing, serve_node
    from datasouk.node.settings import FaucetSettings, NodeSettings
    from datasouk.serving import run

    settings = NodeSettings(
        network_name=arguments.network,
        min_pow_score=arguments.min_pow_score,
        faucet=None if arguments.no_faucet else FaucetSettings(),
    )
    serving = NodeServing(
        data_dir=arguments.data_dir,
        host=arguments.host,
        port=arguments.port,
        mqtt_port=arguments.mqtt_port,
        node=settings,
    )

    def ready(port: int, mqtt_port: int | None) -> None:
        tcp = f", mqtt://{arguments.host}:{mqtt_port}" if mqtt_port else ""
        print(f"node ready: http://{arguments.host}:{port}{tcp}", flush=True)

    run(lambda: serve_node(serving, ready=ready))


def _check(arguments: argparse.Namespace) -> None:
    from datasouk.node.checking import check_ledger
    from datasouk.node.database import LEDGER_FILE

    path = arguments.data_dir / LEDGER_FILE
    if not path.exists():
        raise CannotDo(f"{path} does not exist")
    report = check_ledger(arguments.data_dir, _tell_progress if sys.stderr.isatty() else None)
    for problem in report.problems:
        print(problem)
    print(
        f"{report.messages} messages, {report.milestones} milestones, {report.outputs} outputs, "
        f"{report.pending} waiting for a milestone: {len(report.problems) or 'no'} problems"
    )
    if report.problems:
        raise CannotDo("the ledger contradicts itself; restore a backup, and keep this folder for study")


def _tell_progress(done: int, total: int) -> None:
    if done % _PROGRESS_EVERY == 0 or done == total:
        print(f"\r{done} of {total} milestones", end="\n" if done == total else "", file=sys.stderr, flush=True)
