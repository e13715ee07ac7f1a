"""What the node says about itself and its ledger."""

from typing import Any

from tests.clients.scenarios import connect, run


def scenario(url: str) -> dict[str, Any]:
    client = connect(url, node_sync_interval=1000)
    return {
        "healthy": client.get_health(),
        "info": client.get_info(),
        "tips": client.get_tips(),
        "peers": client.get_peers(),
        "treasury": client.get_treasury(),
        "receipts": client.get_receipts(),
        "receipts of one": client.get_receipts_migrated_at(1),
        "milestone": client.get_milestone(1),
        "changes": client.get_milestone_utxo_changes(1),
    }


if __name__ == "__main__":
    run(scenario)
