import asyncio
from pathlib import Path

import pytest
from tests.node.running import confirm, data, run, running_node

from datasouk.ledger import Indexation, Message, MessageDraft, compute_network_id
from datasouk.ledger.answers import NodeRefused, NodeUnavailable
from datasouk.ledger.pow import mine, pow_score
from datasouk.node import miner as miner_module
from datasouk.node.miner import Miner

MESSAGE = Message(1, (bytes(32),), payload=Indexation(b"sensor", b"23.5"))
SCORE = 1.0


class TestIsEnough:
    def test_score_of_zero_takes_anything(self) -> None:
        assert Miner(0).is_enough(MESSAGE.to_bytes())

    def test_exact_score_is_enough(self) -> None:
        raw = MESSAGE.to_bytes()
        score = pow_score(raw)
        assert Miner(score).is_enough(raw)
        assert not Miner(score * 1.0001).is_enough(raw)


class TestWithoutProcesses:
    def test_score_of_zero_changes_nothing_and_starts_nothing(self) -> None:
        miner = Miner(0)
        assert run(miner.mine(MESSAGE)) is MESSAGE
        assert miner._pool is None
        miner.close()

    def test_message_that_is_good_enough_is_not_mined_again(self) -> None:
        mined = mine(MESSAGE, SCORE)
        miner = Miner(SCORE)
        assert run(miner.mine(mined)) is mined
        assert miner._pool is None

    def test_too_many_waiting_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(miner_module, "_MOST_WAITING", 0)
        with pytest.raises(NodeUnavailable, match="0 messages wait for their proof of work"):
            run(Miner(SCORE).mine(MESSAGE))

    def test_work_that_is_too_little_is_refused(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with running_node(tmp_path) as node:
                node._miner = Miner(1000)
                message = Message(compute_network_id("datasouk"), (bytes(32),), payload=data(1), nonce=1)
                with pytest.raises(NodeRefused, match="proof of work is below the score"):
                    await node.submit_draft(MessageDraft.from_bytes(message.to_bytes()))
                assert await node.find(b"sensor") == []

        run(main())


@pytest.mark.slow
class TestWithProcesses:
    def test_mined_message_is_the_same_as_here(self) -> None:
        async def main() -> None:
            miner = Miner(SCORE)
            assert await miner.mine(MESSAGE) == mine(MESSAGE, SCORE)
            miner.close()

        run(main())

    def test_node_with_a_score(self, tmp_path: Path) -> None:
        """Milestones and checkpoints carry it, too."""

        async def main() -> None:
            async with running_node(tmp_path, min_pow_score=SCORE) as node:
                ids = await asyncio.gather(*(node.submit(data(number)) for number in range(10)))
                await confirm(node)
                for message_id in [*ids, *(pending.message_id for pending in (await node.issue_milestone()).made)]:
                    assert pow_score(await node.raw(message_id)) >= SCORE
                assert {(await node.metadata(message_id)).referenced_by for message_id in ids} == {2}
                assert (await node.info()).min_pow_score == SCORE

        run(main())

    def test_killed_process_is_replaced(self) -> None:
        async def main() -> None:
            miner = Miner(SCORE)
            await miner.mine(MESSAGE)
            broken = miner._pool
            assert broken is not None
            for process in broken._processes.values():
                process.kill()
            outcomes = [await _outcome(miner, number) for number in range(3)]
            assert outcomes[-1] is None
            assert all(isinstance(outcome, (NodeUnavailable, type(None))) for outcome in outcomes)
            assert miner._pool is not broken
            assert miner._waiting == 0
            miner.close()

        run(main())


async def _outcome(miner: Miner, number: int) -> Exception | None:
    try:
        await miner.mine(Message(1, (bytes(32),), payload=data(number)))
    except NodeUnavailable as error:
        return error
    return None
