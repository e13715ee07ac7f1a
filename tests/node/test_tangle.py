import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.strategies import relaxed
from tests.node.wallets import GENESIS_OUTPUT_ID, give, key, output_ids, pay

from datasouk.ledger import MAX_PARENTS, TOKEN_SUPPLY_IOTA, Indexation, Message
from datasouk.node.tangle import Pending, Tangle, checkpoint_groups

CONFIRMED = bytes([0xEE]) * 32
OPERATOR, ALICE, BOB = key(1), key(2), key(3)


def _pending(seq: int, message: Message) -> Pending:
    return Pending(seq, message.message_id(), message, message.to_bytes())


def _message(number: int, *parents: bytes) -> Message:
    return Message(1, tuple(sorted(set(parents))) or (CONFIRMED,), payload=Indexation(b"n", str(number).encode()))


@st.composite
def graphs(draw: st.DrawFn) -> list[Pending]:
    """Up to 30 messages, each on 1 to 8 of those before it, or on what is confirmed."""
    made: list[Pending] = []
    for number in range(draw(st.integers(1, 30))):
        choices = [CONFIRMED, *(pending.message_id for pending in made)]
        parents = draw(st.sets(st.sampled_from(choices), min_size=1, max_size=MAX_PARENTS))
        made.append(_pending(number, _message(number, *parents)))
    return made


def _tangle_of(graph: list[Pending]) -> Tangle:
    tangle = Tangle()
    for pending in graph:
        tangle.add(pending)
    return tangle


def _naive_cone(graph: list[Pending], roots: list[bytes]) -> list[bytes]:
    """TIP-2, section "Deterministic ordering of the Tangle", written as it is said there."""
    by_id = {pending.message_id: pending for pending in graph}
    order: list[bytes] = []

    def visit(message_id: bytes) -> None:
        if message_id not in by_id or message_id in order:
            return
        for parent in by_id[message_id].message.parents:
            visit(parent)
        order.append(message_id)

    for root in roots:
        visit(root)
    return order


class TestTips:
    def test_empty_tangle_has_none(self) -> None:
        tangle = Tangle()
        assert (len(tangle), tangle.tips, tangle.ids) == (0, [], [])

    @pytest.mark.slow
    @relaxed
    @given(graphs())
    def test_tips_are_the_messages_nobody_builds_on_oldest_first(self, graph: list[Pending]) -> None:
        built_on = {parent for pending in graph for parent in pending.message.parents}
        tangle = _tangle_of(graph)
        assert tangle.tips == [pending.message_id for pending in graph if pending.message_id not in built_on]
        assert tangle.ids == [pending.message_id for pending in graph]

    def test_message_is_known_until_it_is_removed(self) -> None:
        first = _pending(1, _message(1))
        tangle = _tangle_of([first])
        assert first.message_id in tangle
        assert tangle.get(first.message_id) is first
        tangle.remove([first.message_id])
        assert first.message_id not in tangle
        assert tangle.get(first.message_id) is None
        assert tangle.tips == []

    @pytest.mark.slow
    @relaxed
    @given(graphs(), st.data())
    def test_removing_a_cone_leaves_a_whole_graph(self, graph: list[Pending], drawn: st.DataObject) -> None:
        """What a milestone does not reach waits on, and its tips reach all of it."""
        tangle = _tangle_of(graph)
        root = drawn.draw(st.sampled_from(tangle.ids))
        gone = [pending.message_id for pending in tangle.cone([root], {})]
        tangle.remove(gone)
        assert tangle.ids == [pending.message_id for pending in graph if pending.message_id not in gone]
        assert {pending.message_id for pending in tangle.cone(tangle.tips, {})} == set(tangle.ids)


class TestCone:
    @pytest.mark.slow
    @relaxed
    @given(graphs(), st.data())
    def test_order_is_that_of_the_recursive_definition(self, graph: list[Pending], drawn: st.DataObject) -> None:
        tangle = _tangle_of(graph)
        roots = drawn.draw(st.lists(st.sampled_from([*tangle.ids, CONFIRMED]), max_size=8, unique=True))
        assert [pending.message_id for pending in tangle.cone(roots, {})] == _naive_cone(graph, roots)

    @pytest.mark.slow
    @relaxed
    @given(graphs())
    def test_tips_reach_everything_once(self, graph: list[Pending]) -> None:
        reached = [pending.message_id for pending in _tangle_of(graph).cone(_tangle_of(graph).tips, {})]
        assert sorted(reached) == sorted(pending.message_id for pending in graph)

    def test_parents_come_in_the_order_they_are_listed(self) -> None:
        """Not in that of arrival."""
        leaves = sorted((_pending(n, _message(n)) for n in range(5)), key=lambda each: each.message_id)
        root = _pending(9, _message(9, *(leaf.message_id for leaf in leaves)))
        tangle = _tangle_of([*reversed(leaves), root])
        assert list(tangle.cone([root.message_id], {})) == [*leaves, root]

    def test_messages_that_are_not_attached_yet_belong_to_it(self) -> None:
        leaf = _pending(1, _message(1))
        checkpoint = _pending(0, _message(2, leaf.message_id))
        tangle = _tangle_of([leaf])
        assert list(tangle.cone([checkpoint.message_id], {checkpoint.message_id: checkpoint})) == [leaf, checkpoint]
        assert len(tangle) == 1

    def test_chain_longer_than_python_recurses(self) -> None:
        graph = [_pending(0, _message(0))]
        for number in range(1, 3000):
            graph.append(_pending(number, _message(number, graph[-1].message_id)))
        assert list(_tangle_of(graph).cone([graph[-1].message_id], {})) == graph

    def test_nothing_is_below_what_is_confirmed(self) -> None:
        assert list(_tangle_of([_pending(1, _message(1))]).cone([CONFIRMED], {})) == []


FIRST = pay({GENESIS_OUTPUT_ID: OPERATOR}, [give(ALICE, TOKEN_SUPPLY_IOTA - 5), give(BOB, 5)])
OUTPUTS = output_ids(FIRST)
SECOND = pay(
    {OUTPUTS[give(ALICE, TOKEN_SUPPLY_IOTA - 5)]: ALICE, OUTPUTS[give(BOB, 5)]: BOB},
    [give(OPERATOR, TOKEN_SUPPLY_IOTA)],
)


class TestCarriers:
    def _carry(self, seq: int = 1, *parents: bytes) -> Pending:
        return _pending(seq, Message(1, tuple(sorted(parents)) or (CONFIRMED,), payload=FIRST))

    def test_message_whose_outputs_are_spent_is_named_once(self) -> None:
        carrier = self._carry()
        assert _tangle_of([carrier]).carriers(SECOND) == [carrier.message_id]

    def test_outputs_of_the_ledger_have_none(self) -> None:
        assert _tangle_of([_pending(1, _message(1))]).carriers(FIRST) == []

    def test_confirmed_message_is_no_longer_named(self) -> None:
        carrier = self._carry()
        tangle = _tangle_of([carrier])
        tangle.remove([carrier.message_id])
        assert tangle.carriers(SECOND) == []

    def test_first_message_of_a_transaction_that_came_twice_is_named(self) -> None:
        first = self._carry()
        again = self._carry(2, first.message_id)
        assert _tangle_of([first, again]).carriers(SECOND) == [first.message_id]


def _run_groups(ids: list[bytes], most_roots: int) -> tuple[list[bytes], dict[bytes, list[bytes]]]:
    """The roots, and the checkpoints made on the way with what each took."""
    made: dict[bytes, list[bytes]] = {}
    groups = checkpoint_groups(ids, most_roots)
    try:
        group = next(groups)
        while True:
            name = b"checkpoint" + len(made).to_bytes(22, "big")
            made[name] = group
            group = groups.send(name)
    except StopIteration as end:
        return end.value, made


class TestCheckpointGroups:
    ids = tuple(number.to_bytes(32, "big") for number in range(601))

    @pytest.mark.parametrize("most_roots", [1, 7, 8])
    def test_few_roots_reach_everything(self, most_roots: int) -> None:
        for count in range(601):
            roots, made = _run_groups(list(self.ids[:count]), most_roots)
            assert len(roots) <= most_roots
            assert all(2 <= len(group) <= MAX_PARENTS for group in made.values())
            taken = [each for group in made.values() for each in group] + roots
            # Each id and each checkpoint is taken exactly once.
            assert sorted(taken) == sorted([*self.ids[:count], *made])

    def test_no_checkpoint_where_the_milestone_has_room(self) -> None:
        for count in range(8):
            roots, made = _run_groups(list(self.ids[:count]), 7)
            assert (roots, made) == (list(self.ids[:count]), {})

    @pytest.mark.parametrize(("count", "steps"), [(7, 0), (8, 1), (56, 1), (57, 2), (448, 2), (449, 3), (601, 3)])
    def test_way_down_is_as_short_as_can_be(self, count: int, steps: int) -> None:
        roots, made = _run_groups(list(self.ids[:count]), 7)

        def depth(name: bytes) -> int:
            return 1 + max(map(depth, made[name])) if name in made else 0

        assert max(map(depth, roots)) == steps

    def test_id_that_is_left_alone_gets_no_checkpoint_of_its_own(self) -> None:
        roots, made = _run_groups(list(self.ids[:9]), 7)
        assert list(made.values()) == [list(self.ids[:8])]
        assert roots == [*made, self.ids[8]]
