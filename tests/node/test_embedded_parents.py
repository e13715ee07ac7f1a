"""Which parents the node chooses: short paths for data, and no transaction before what it spends."""

from pathlib import Path

import pytest
from tests.node.running import OPERATOR, confirm, run, running_node
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, output_ids, pay

from datasouk.ledger import MAX_PARENTS, TOKEN_SUPPLY_IOTA, Indexation
from datasouk.ledger.answers import LedgerInclusion
from datasouk.node.embedded import EmbeddedNode

MI = 1_000_000


async def _spend_what_waits(node: EmbeddedNode, count: int) -> tuple[list[bytes], bytes]:
    """So many transfers that wait, and one that spends what all of them create; returns their message ids."""
    gifts = [give(key(number), MI) for number in range(50, 50 + count)]
    first = pay({GENESIS_OUTPUT_ID: OPERATOR}, [*gifts, give(OPERATOR, TOKEN_SUPPLY_IOTA - count * MI)])
    await node.submit(first)
    await confirm(node)
    passed_on = [
        pay({output_ids(first)[gift]: key(number)}, [give(key(200), MI)]) for number, gift in enumerate(gifts, start=50)
    ]
    carriers = [await node.submit(each) for each in passed_on]
    spender = pay({each.output_ids()[0]: key(200) for each in passed_on}, [give(key(201), count * MI)])
    return carriers, await node.submit(spender)


def test_data_goes_under_the_latest_milestone_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_node(tmp_path) as node:
            first = await node.submit(Indexation(b"index", b"one"))
            second = await node.submit(Indexation(b"index", b"two"))
            latest = node.latest_milestone().message_id
            assert (await node.message(first)).parents == (await node.message(second)).parents == (latest,)
            assert await node.tips() == (latest,)

    run(scenario())


@pytest.mark.parametrize("count", [1, 7, 8, 30])
def test_a_transaction_comes_after_what_it_spends(tmp_path: Path, count: int) -> None:
    """More than seven such messages do not fit beside the milestone: checkpoints take them eight to one."""

    async def scenario() -> None:
        async with running_node(tmp_path) as node:
            carriers, spender = await _spend_what_waits(node, count)
            parents = (await node.message(spender)).parents
            assert len(parents) <= MAX_PARENTS
            assert node.latest_milestone().message_id in parents
            if count < MAX_PARENTS:
                assert set(carriers) < set(parents)
            await confirm(node)
            for message_id in [*carriers, spender]:
                assert (await node.metadata(message_id)).inclusion is LedgerInclusion.INCLUDED

    run(scenario())
