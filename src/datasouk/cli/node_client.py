"""``datasouk node fund`` and ``datasouk node path``: what is asked of a running node, over its REST interface."""

import argparse
import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from datasouk.cli.errors import CannotDo, WrongCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datasouk.client.node import NodeClient
    from datasouk.ledger import Address, Transaction
    from datasouk.ledger.keys import SigningKey

__all__ = ["add_client_commands"]

_DEFAULT_URL = "http://127.0.0.1:14265"
_WAIT_SECONDS = 60.0
_ATTEMPTS = 5  # The faucet may spend the same outputs first.

_FUND = """\
Pay from the operator's key, in the node's data folder, to an address; return when it is included.

The node must run. AMOUNT is in iota: a whole number, 1000000 or more unless the address has a
dust allowance with room."""

_PATH = """\
Print the proof that a message is in the ledger, as one line of JSON:

  {"messageId": hex, "milestone": hex, "steps": [hex, ...]}

"milestone" and "steps" are whole messages. The proof is verified before it is printed, against the
coordinator's keys that the node names; who relies on it verifies it against keys of his own
(datasouk.ledger.inclusion.verify_inclusion)."""


def add_client_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    add_folder: "Callable[[argparse.ArgumentParser], None]",
) -> None:
    """Add the commands to those of ``datasouk node``."""
    form = argparse.RawDescriptionHelpFormatter
    fund = commands.add_parser("fund", help="pay from the operator's key", description=_FUND, formatter_class=form)
    fund.add_argument("address", metavar="ADDRESS", help="bech32, for example atoi1...")
    fund.add_argument("amount", metavar="AMOUNT", help="in iota")
    _add_url(fund)
    add_folder(fund)
    fund.set_defaults(run=_fund)

    path = commands.add_parser("path", help="prove that a message is in", description=_PATH, formatter_class=form)
    path.add_argument("message_id", metavar="MESSAGE_ID", help="64 hexadecimal digits")
    _add_url(path)
    path.set_defaults(run=_path)


def _add_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", default=_DEFAULT_URL, metavar="URL", help="the node's (default: %(default)s)")


def _fund(arguments: argparse.Namespace) -> None:
    from datasouk.ledger import TOKEN_SUPPLY_IOTA, Address
    from datasouk.ledger.answers import LedgerInclusion

    if not re.fullmatch(r"[0-9]{1,16}", arguments.amount, re.ASCII):
        raise WrongCall("AMOUNT is a whole number of iota, in decimal digits")
    amount = int(arguments.amount)
    if not 1 <= amount <= TOKEN_SUPPLY_IOTA:
        raise WrongCall(f"AMOUNT is not within 1 to {TOKEN_SUPPLY_IOTA}")
    key = _operator_key(arguments.data_dir)
    with _connect(arguments.node) as node:
        address = Address.from_bech32(arguments.address, hrp=node.info().bech32_hrp)
        if address == key.address:
            raise CannotDo("this is the operator's own address")
        for _ in range(_ATTEMPTS):
            message_id = node.submit(_make_transfer(node, key, address, amount))
            metadata = node.wait_included(message_id, timeout_seconds=_WAIT_SECONDS)
            if metadata.inclusion is LedgerInclusion.INCLUDED:
                print(f"paid {amount} i to {arguments.address}: message {message_id.hex()}")
                return
    raise CannotDo(f"the ledger did not take the transfer: {metadata.conflict_reason.name} ({message_id.hex()})")


def _make_transfer(node: "NodeClient", key: "SigningKey", address: "Address", amount_iota: int) -> "Transaction":
    """Spend as few of the key's outputs as will do, and send what is left over back."""
    from datasouk.ledger import DUST_THRESHOLD_IOTA, Essence, Output, OutputType, UtxoInput, split_output_id
    from datasouk.ledger.signatures import sign_transaction
    from datasouk.ledger.transaction import MAX_INPUTS

    if amount_iota < DUST_THRESHOLD_IOTA and not node.balance(address).dust_allowed:
        raise CannotDo(
            f"{amount_iota} i is dust, for which the address has no allowance: pay {DUST_THRESHOLD_IOTA} i or more"
        )
    inputs, total = [], 0
    for output_id in node.outputs(key.address, output_type=OutputType.SINGLE)[:MAX_INPUTS]:
        inputs.append(UtxoInput(*split_output_id(output_id)))
        total += node.output(output_id).output.amount_iota
        if total == amount_iota or total >= amount_iota + DUST_THRESHOLD_IOTA:  # What is left over must not be dust.
            break
    else:
        raise CannotDo(f"the operator has {total} i, which does not cover {amount_iota} i and a remainder")
    outputs = [Output(address, amount_iota)]
    if total > amount_iota:
        outputs.append(Output(key.address, total - amount_iota))
    return sign_transaction(Essence.sorted(tuple(inputs), tuple(outputs)), [key] * len(inputs))


def _path(arguments: argparse.Namespace) -> None:
    from datasouk.ledger.inclusion import verify_inclusion

    if not re.fullmatch(r"[0-9a-fA-F]{64}", arguments.message_id, re.ASCII):
        raise WrongCall("MESSAGE_ID is 64 hexadecimal digits")
    message_id = bytes.fromhex(arguments.message_id)
    with _connect(arguments.node) as node:
        path = node.inclusion_path(message_id)
        verify_inclusion(path, message_id, node.coordinator_keys())
    print(json.dumps({"messageId": message_id.hex(), **path.to_json()}))


def _operator_key(folder: Path) -> "SigningKey":
    from datasouk.node.keyfiles import OPERATOR_FILE, load_keys

    path = folder / OPERATOR_FILE
    if not path.exists():
        raise CannotDo(f"{path} does not exist; --data-dir names the node's folder")
    return load_keys(path, 1)[0]


@contextmanager
def _connect(url: str) -> "Iterator[NodeClient]":
    from datasouk.client.node import NodeClient

    try:
        node = NodeClient(url)
    except ValueError as error:
        raise WrongCall(str(error)) from error
    with node:
        yield node
