from pathlib import Path

from tests.node.running import OPERATOR, confirm, data, run, running_node
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, pay

from datasouk.ledger import TOKEN_SUPPLY_IOTA
from datasouk.ledger.answers import ConflictReason, LedgerInclusion
from datasouk.node.embedded import EmbeddedNode
from datasouk.node.events import (
    Event,
    MessageAttached,
    MessageReferenced,
    MilestoneConfirmed,
    OutputChanged,
    TransactionIncluded,
)

ALICE, BOB = key(2), key(3)
FIRST = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, TOKEN_SUPPLY_IOTA)])
SECOND = pay({FIRST.output_ids()[0]: ALICE}, [give(BOB, TOKEN_SUPPLY_IOTA)])


def _listen(node: EmbeddedNode) -> list[Event]:
    heard: list[Event] = []
    node.events.listen(heard.append)
    return heard


def _kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_attached_message_is_told_once_it_can_be_read(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_node(tmp_path) as node:
            found: list[bytes | None] = []

            def listener(event: Event) -> None:
                assert isinstance(event, MessageAttached)
                found.append(node._store.raw(event.message_id))

            stop = node.events.listen(listener)
            heard = _listen(node)
            message_id = await node.submit(data(1))
            assert await node.submit(data(1)) == message_id, "known: not told again"
            stop()
            (event,) = heard
            assert isinstance(event, MessageAttached)
            assert (event.message_id, event.raw) == (message_id, await node.raw(message_id))
            assert event.message == await node.message(message_id)
            assert event.metadata == await node.metadata(message_id)
            assert found == [event.raw]

    run(main())


def test_milestone_tells_messages_then_ledger_then_itself(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_node(tmp_path) as node:
            message_id = await node.submit(data(1))
            carriers = [await node.submit(FIRST), await node.submit(SECOND)]
            heard = _listen(node)
            milestone = await confirm(node)
            tail = [OutputChanged] * 4 + [MessageReferenced, MilestoneConfirmed]
            assert _kinds(heard)[0] is MessageAttached
            assert _kinds(heard)[-6:] == tail
            middle = heard[1:-6]
            assert (
                sorted(kind.__name__ for kind in _kinds(middle))
                == ["MessageReferenced"] * 3 + ["TransactionIncluded"] * 2
            )
            # Each inclusion follows the message it is about.
            for position, event in enumerate(middle):
                if isinstance(event, TransactionIncluded):
                    before = middle[position - 1]
                    assert isinstance(before, MessageReferenced)
                    assert event.raw == await node.raw(before.metadata.message_id)
            included = [event.transaction_id for event in middle if isinstance(event, TransactionIncluded)]
            assert included == [FIRST.transaction_id(), SECOND.transaction_id()]
            told = [event.metadata for event in heard if isinstance(event, MessageReferenced)]
            assert {metadata.message_id for metadata in told} == {message_id, *carriers, milestone.message_id}
            for metadata in told:
                assert metadata == await node.metadata(metadata.message_id)
            assert heard[-1] == MilestoneConfirmed(milestone)

    run(main())


def test_output_is_told_when_created_and_when_spent(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_node(tmp_path) as node:
            await node.submit(FIRST)
            await node.submit(SECOND)
            heard = _listen(node)
            await confirm(node)
            states = [event.output for event in heard if isinstance(event, OutputChanged)]
            assert [state.is_spent for state in states] == [False, False, True, True]
            created, spent = states[:2], states[2:]
            assert [state.transaction_id for state in created] == [FIRST.transaction_id(), SECOND.transaction_id()]
            for state in (created[1], *spent):
                assert state == await node.output(state.transaction_id + state.output_index.to_bytes(2, "little"))

    run(main())


def test_conflict_is_told_and_changes_no_output(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_node(tmp_path) as node:
            first = await node.submit(FIRST)
            await node.submit(FIRST, parents=[first])
            heard = _listen(node)
            await confirm(node)
            told = [event.metadata for event in heard if isinstance(event, MessageReferenced)]
            assert [(metadata.inclusion, metadata.conflict_reason) for metadata in told[:2]] == [
                (LedgerInclusion.INCLUDED, ConflictReason.NONE),
                (LedgerInclusion.CONFLICTING, ConflictReason.SPENT_IN_THIS_MILESTONE),
            ]
            assert _kinds(heard).count(TransactionIncluded) == 1
            assert _kinds(heard).count(OutputChanged) == 2

    run(main())


def test_checkpoints_and_milestone_are_told_as_attached_first(tmp_path: Path) -> None:
    async def main() -> None:
        async with running_node(tmp_path) as node:
            for number in range(20):
                await node.submit(data(number))
            heard = _listen(node)
            plan = await node.issue_milestone()
            attached = [event.message_id for event in heard if isinstance(event, MessageAttached)]
            assert attached == [pending.message_id for pending in plan.made]
            assert len(attached) == 4
            assert _kinds(heard)[:4] == [MessageAttached] * 4
            assert _kinds(heard)[4:] == [MessageReferenced] * 24 + [MilestoneConfirmed]

    run(main())


def test_listener_reads_what_the_event_says(tmp_path: Path) -> None:
    """Events come after the disk has them: whoever asks back finds the new state."""

    async def main() -> None:
        async with running_node(tmp_path) as node:
            asked: list[object] = []

            def listener(event: Event) -> None:
                if isinstance(event, MilestoneConfirmed):
                    asked.append((node.latest_milestone(), node._store.milestone(event.milestone.index)))

            node.events.listen(listener)
            milestone = await confirm(node)
            assert asked == [(milestone, milestone)]

    run(main())
