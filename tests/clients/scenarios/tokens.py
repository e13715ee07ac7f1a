"""Transfers from a seed with ten million on its first address."""

import time
from typing import Any

from tests.clients.scenarios import connect, run


def scenario(url: str, *, local_pow: bool, seed: str) -> dict[str, Any]:
    client = connect(url, local_pow=local_pow)
    addresses = [
        address
        for address, _ in client.get_addresses(seed=seed, account_index=0, input_range_begin=0, input_range_end=5)
    ]

    def pay(**options: Any) -> dict[str, Any]:
        """Send, and wait until a milestone has taken it."""
        message_id = client.message(seed=seed, **options)["message_id"]
        while True:
            metadata: dict[str, Any] = client.get_message_metadata(message_id)
            if metadata["ledger_inclusion_state"]:
                return metadata
            time.sleep(0.02)

    seen: dict[str, Any] = {"addresses": addresses, "balance before": client.get_balance(seed=seed)}
    seen["with remainder"] = pay(
        outputs=[{"address": addresses[1], "amount": 3_000_000}], index="sale", data_str="thanks"
    )
    # It asks for the first time after a second, the shortest interval it knows; nothing is left to attach once more.
    seen["attached once more"] = client.retry_until_included(seen["with remainder"]["message_id"], 1, 3)
    seen["dust without allowance"] = None
    try:
        client.message(seed=seed, outputs=[{"address": addresses[2], "amount": 1}])
    except ValueError as error:
        seen["dust without allowance"] = str(error)
    seen["allowance"] = pay(dust_allowance_outputs=[{"address": addresses[2], "amount": 1_000_000}])
    seen["dust"] = pay(outputs=[{"address": addresses[2], "amount": 1}])
    seen["balance after"] = client.get_balance(seed=seed)
    seen["balances"] = client.get_address_balances(addresses)
    seen["unspent"] = client.get_unspent_address(seed=seed)
    seen["outputs"] = client.find_outputs(addresses=[addresses[1]])
    seen["output ids"] = client.get_address_outputs(addresses[2])
    found = seen["outputs"][0]
    seen["output"] = client.get_output(found["transaction_id"] + found["output_index"].to_bytes(2, "little").hex())
    seen["included"] = client.get_included_message(found["transaction_id"])["message_id"]
    return seen


if __name__ == "__main__":
    run(scenario)
