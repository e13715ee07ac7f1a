"""``datasouk``: find the command, run it, turn errors into an exit code.

Exit codes, the same for every command:

    0     done
    1     could not do it: standard error says why in one line, standard output stays empty
    2     called wrongly: an unknown argument, or JSON of the wrong form
    130   interrupted from the keyboard

Each group of commands is a module with ``configure(parser)``, imported only when its name is on the command line, so
that ``datasouk --version`` does not pay for the rest.  A command is a function from the parsed arguments to nothing;
whatever it cannot do it raises.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from datasouk import __version__
from datasouk.errors import DatasoukError

__all__ = ["DONE", "FAILED", "INTERRUPTED", "WRONGLY_CALLED", "main"]

DONE = 0
FAILED = 1
WRONGLY_CALLED = 2
# 128 + SIGINT, what a shell reports for a program that the keyboard ended.
INTERRUPTED = 130

_GROUPS = {
    "demo": ("datasouk.cli.demo", "try the marketplace: start one with a demo account"),
    "mam": ("datasouk.cli.mam", "encrypted, signed messages (MAM): JSON in, JSON out"),
    "serve": ("datasouk.cli.serve", "run the marketplace"),
    "users": ("datasouk.cli.users", "accounts: create, list, disable, promote"),
    "backup": ("datasouk.cli.backup", "write the databases into one file, also while the server runs"),
    "restore": ("datasouk.cli.restore", "make a data folder of such a file"),
    "node": ("datasouk.cli.node", "the ledger node: run one, pay from it, check its database"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: What follows the command's name; None for those of this process.

    Returns:
        The exit code.
    """
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        # What is still in the buffer must fail here, not when the interpreter shuts down.
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _leave_standard_output()
        return FAILED
    except DatasoukError as error:
        _complain(error)
        return _code_of(error)
    except OSError as error:
        _leave_standard_output()
        _complain(error)
        return FAILED
    return code


def _run(arguments: list[str]) -> int:
    parser = _parser(arguments)
    try:
        parsed = parser.parse_args(arguments)
    except SystemExit as ending:
        # argparse has said what there was to say: its help (0) or what is wrong with the arguments (2).
        return ending.code if isinstance(ending.code, int) else WRONGLY_CALLED
    run: Callable[[argparse.Namespace], None] | None = getattr(parsed, "run", None)
    if run is None:
        parser.print_help(sys.stderr)
        return WRONGLY_CALLED
    run(parsed)
    return DONE


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="datasouk",
        description="A marketplace for live sensor data.",
        epilog="Exit codes: 0 done; 1 could not do it, standard error says why; 2 called wrongly; 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"datasouk {__version__}")
    groups = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (module, summary) in _GROUPS.items():
        group = groups.add_parser(
            name,
            help=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name in arguments:
            import_module(module).configure(group)
    return parser


def _complain(error: Exception) -> None:
    # A library error's class is its documented name, so scripts may look for it; the other texts speak for themselves.
    library_error = isinstance(error, DatasoukError) and not type(error).__module__.startswith("datasouk.cli.")
    name = f"{type(error).__name__}: " if library_error else ""
    print(f"datasouk: {name}{' '.join(str(error).split())}", file=sys.stderr)


def _code_of(error: DatasoukError) -> int:
    from datasouk.cli.errors import WrongCall

    return WRONGLY_CALLED if isinstance(error, WrongCall) else FAILED


def _leave_standard_output() -> None:
    """Let the interpreter's last flush go nowhere: nobody reads standard output any more, or it cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
