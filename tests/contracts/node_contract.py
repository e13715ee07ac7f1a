"""What every way of reaching a node promises: `NodeContract` runs against each of them in ``test_node_contract.py``.

Derive a class that has a fixture ``subject``.
"""

import asyncio
from dataclasses import dataclass

import pytest

from datasouk.ledger import (
    Address,
    Essence,
    Indexation,
    Milestone,
    Output,
    OutputType,
    Transaction,
    UtxoInput,
    compute_message_id,
)
from datasouk.ledger.answers import (
    ConflictReason,
    LedgerInclusion,
    NodeRefused,
    NodeTimeout,
    NotInLedger,
)
from datasouk.ledger.keys import SigningKey
from datasouk.ledger.signatures import sign_transaction, verify_milestone
from datasouk.market.ports import Node

_WAIT_SECONDS = 20.0
_UNKNOWN = b"\x77" * 32
_BUYER = SigningKey(b"contract" * 4)


@dataclass(frozen=True, slots=True)
class Subject:
    """A node under test, and what the tests must know of it.

    Attributes:
        operator: Owns the whole supply, or at least 100 Mi.
        network_name: Of the node's network.
    """

    node: Node
    operator: SigningKey
    network_name: str


async def _pay(subject: Subject, *outputs: Output, key: SigningKey | None = None) -> Transaction:
    """A transaction from the operator's outputs, which sends the rest back; signed by another key if one is given."""
    node, owner = subject.node, subject.operator.address
    states = [await node.output(each) for each in await node.outputs(owner, output_type=OutputType.SINGLE)]
    rest = sum(each.output.amount_iota for each in states) - sum(each.amount_iota for each in outputs)
    inputs = tuple(UtxoInput(each.transaction_id, each.output_index) for each in states)
    essence = Essence.sorted(inputs, (*outputs, Output(owner, rest)), Indexation(b"contract payment"))
    return sign_transaction(essence, [key or subject.operator] * len(inputs))


@pytest.mark.anyio
class NodeContract:
    async def test_info_names_the_network(self, subject: Subject) -> None:
        info = await subject.node.info()
        assert (info.network_name, info.is_healthy) == (subject.network_name, True)
        assert "PoW" in info.features
        assert info.latest_milestone_index >= info.confirmed_milestone_index >= 1

    async def test_submitted_message_is_there_at_once(self, subject: Subject) -> None:
        node, payload = subject.node, Indexation(b"contract \x00\xff", b"data")
        message_id = await node.submit(payload)
        message = await node.message(message_id)
        assert message.payload == payload
        raw = await node.raw(message_id)
        assert raw == message.to_bytes()
        assert compute_message_id(raw) == message_id
        metadata = await node.metadata(message_id)
        assert (metadata.message_id, metadata.parents, metadata.is_solid) == (message_id, message.parents, True)

    async def test_message_without_payload(self, subject: Subject) -> None:
        message_id = await subject.node.submit(None)
        assert (await subject.node.message(message_id)).payload is None

    async def test_given_parents_are_kept_and_know_their_child(self, subject: Subject) -> None:
        node = subject.node
        parents = sorted([await node.submit(Indexation(b"contract parent", bytes([n]))) for n in range(2)])
        child = await node.submit(Indexation(b"contract child"), parents=[*reversed(parents), parents[0]])
        assert (await node.message(child)).parents == tuple(parents)
        for parent in parents:
            assert child in await node.children(parent)

    async def test_unknown_parents_are_refused(self, subject: Subject) -> None:
        with pytest.raises(NodeRefused, match=_UNKNOWN.hex()):
            await subject.node.submit(Indexation(b"contract"), parents=[_UNKNOWN])

    async def test_too_long_message_is_refused(self, subject: Subject) -> None:
        with pytest.raises(NodeRefused):
            await subject.node.submit(Indexation(b"x" * 64, bytes(32_704)))

    async def test_find_by_exact_index(self, subject: Subject) -> None:
        node = subject.node
        ids = {await node.submit(Indexation(b"contract find", bytes([n]))) for n in range(3)}
        assert set(await node.find(b"contract find")) >= ids
        assert not ids & set(await node.find(b"contract find\x00"))
        assert await node.find(b"contract, never used") == []

    async def test_what_is_unknown_is_not_in_the_ledger(self, subject: Subject) -> None:
        node = subject.node
        for call in (node.message, node.raw, node.metadata, node.reattach):
            with pytest.raises(NotInLedger, match=f"message not found: {_UNKNOWN.hex()}"):
                await call(_UNKNOWN)
        with pytest.raises(NotInLedger, match="output not found"):
            await node.output(_UNKNOWN + b"\x00\x00")
        with pytest.raises(NotInLedger, match="milestone not found: 4000000000"):
            await node.milestone(4_000_000_000)
        with pytest.raises(NotInLedger):
            await node.wait_included(_UNKNOWN, timeout_seconds=0.1)
        assert await node.children(_UNKNOWN) == []

    async def test_unused_address_is_empty(self, subject: Subject) -> None:
        address = Address(_UNKNOWN)
        balance = await subject.node.balance(address)
        assert (balance.address, balance.balance_iota, balance.dust_allowed) == (address, 0, False)
        assert await subject.node.outputs(address, include_spent=True) == []

    async def test_waiting_ends_with_a_milestone_or_in_time(self, subject: Subject) -> None:
        node = subject.node
        message_id = await node.submit(Indexation(b"contract wait"))
        with pytest.raises(NodeTimeout, match=message_id.hex()):
            await node.wait_included(message_id, timeout_seconds=0)
        metadata = await node.wait_included(message_id, timeout_seconds=_WAIT_SECONDS)
        assert metadata == await node.metadata(message_id)
        assert metadata.inclusion is LedgerInclusion.NO_TRANSACTION
        assert (metadata.should_promote, metadata.should_reattach) == (None, None)
        assert metadata.milestone_index is None
        assert metadata.referenced_by

    async def test_milestones_are_signed_by_the_coordinator(self, subject: Subject) -> None:
        node = subject.node
        index = (await node.info()).latest_milestone_index
        milestone = await node.milestone(index)
        payload = (await node.message(milestone.message_id)).payload
        assert isinstance(payload, Milestone)
        assert (payload.essence.index, payload.essence.timestamp_seconds) == (index, milestone.timestamp_seconds)
        verify_milestone(payload, await node.coordinator_keys())
        metadata = await node.metadata(milestone.message_id)
        assert (metadata.milestone_index, metadata.referenced_by) == (index, index)

    async def test_reattaching_makes_another_message_of_the_same_payload(self, subject: Subject) -> None:
        node = subject.node
        first = await node.submit(Indexation(b"contract reattach"))
        await node.wait_included(first, timeout_seconds=_WAIT_SECONDS)
        second = await node.reattach(first)
        assert second != first
        assert (await node.message(second)).payload == (await node.message(first)).payload

    async def test_payment_is_included(self, subject: Subject) -> None:
        node, buyer = subject.node, _BUYER.address
        before = await node.balance(buyer)
        payment = await _pay(subject, Output(buyer, 1_000_000))
        message_id = await node.submit(payment)
        metadata = await node.wait_included(message_id, timeout_seconds=_WAIT_SECONDS)
        assert (metadata.inclusion, metadata.conflict_reason) == (LedgerInclusion.INCLUDED, ConflictReason.NONE)
        assert (await node.balance(buyer)).balance_iota == before.balance_iota + 1_000_000
        assert message_id in await node.find(b"contract payment")
        index = next(n for n, each in enumerate(payment.essence.outputs) if each.address == buyer)
        state = await node.output(payment.output_ids()[index])
        assert (state.message_id, state.output, state.is_spent) == (message_id, Output(buyer, 1_000_000), False)
        spent = await node.output(payment.essence.inputs[0].output_id)
        assert (spent.milestone_spent, spent.transaction_spent) == (metadata.referenced_by, payment.transaction_id())

    async def test_outputs_by_state_and_type(self, subject: Subject) -> None:
        node, operator = subject.node, subject.operator.address
        allowance = Output(operator, 1_000_000, OutputType.DUST_ALLOWANCE)
        payment = await _pay(subject, allowance)
        await node.wait_included(await node.submit(payment), timeout_seconds=_WAIT_SECONDS)
        unspent = await node.outputs(operator)
        every = await node.outputs(operator, include_spent=True)
        assert set(every[: len(unspent)]) == set(unspent)
        assert payment.essence.inputs[0].output_id in every[len(unspent) :]
        allowances = await node.outputs(operator, output_type=OutputType.DUST_ALLOWANCE)
        singles = await node.outputs(operator, output_type=OutputType.SINGLE)
        assert sorted(allowances + singles) == sorted(unspent)
        assert (await node.output(allowances[0])).output.type is OutputType.DUST_ALLOWANCE
        assert (await node.balance(operator)).dust_allowed

    async def test_spending_twice_conflicts(self, subject: Subject) -> None:
        node = subject.node
        first = await _pay(subject, Output(_BUYER.address, 1_000_000))
        second = await _pay(subject, Output(_BUYER.address, 2_000_000))
        await node.wait_included(await node.submit(first), timeout_seconds=_WAIT_SECONDS)
        metadata = await node.wait_included(await node.submit(second), timeout_seconds=_WAIT_SECONDS)
        assert metadata.inclusion is LedgerInclusion.CONFLICTING
        assert metadata.conflict_reason is ConflictReason.SPENT_EARLIER

    async def test_signature_of_another_conflicts(self, subject: Subject) -> None:
        node = subject.node
        forged = await _pay(subject, Output(_BUYER.address, 1_000_000), key=_BUYER)
        metadata = await node.wait_included(await node.submit(forged), timeout_seconds=_WAIT_SECONDS)
        assert metadata.conflict_reason is ConflictReason.INVALID_SIGNATURE

    async def test_dust_without_allowance_conflicts(self, subject: Subject) -> None:
        node = subject.node
        dust = await _pay(subject, Output(Address(b"\x05" * 32), 1))
        metadata = await node.wait_included(await node.submit(dust), timeout_seconds=_WAIT_SECONDS)
        assert metadata.conflict_reason is ConflictReason.INVALID_DUST_ALLOWANCE

    async def test_calls_may_overlap(self, subject: Subject) -> None:
        node = subject.node
        ids = await asyncio.gather(*[node.submit(Indexation(b"contract many", bytes([n]))) for n in range(20)])
        assert len(set(ids)) == 20
        messages = await asyncio.gather(*map(node.message, ids))
        assert [each.message_id() for each in messages] == list(ids)
