import asyncio
from typing import cast

from datasouk.serving_limits import Guard, ServingLimits, Writing


class Connection:
    def __init__(self) -> None:
        self.transport = cast(asyncio.Transport, self)
        self.swept: list[float] = []
        self.is_aborted = False

    def enforce(self, now: float) -> None:
        self.swept.append(now)

    def abort(self) -> None:
        self.is_aborted = True


class TestGuard:
    def test_counts_by_address_and_in_total(self) -> None:
        guard = Guard(ServingLimits(connections=3, connections_per_address=2))
        assert [guard.admit(name) for name in ("a", "a", "a", "b", "b")] == [True, True, False, True, False]
        guard.release("a")
        assert guard.connection_count == 2
        assert guard.admit("a")

    def test_proxies_are_not_counted_by_address(self) -> None:
        guard = Guard(ServingLimits(connections=3, connections_per_address=1), frozenset({"proxy"}))
        assert [guard.admit("proxy") for _ in range(4)] == [True, True, True, False]

    def test_sweeps_what_it_watches(self) -> None:
        guard, one, two = Guard(ServingLimits()), Connection(), Connection()
        guard.watch(one)
        guard.watch(two)
        guard.sweep(1.0)
        guard.forget(two)
        guard.sweep(2.0)
        guard.abort_all()
        assert (one.swept, two.swept) == ([1.0, 2.0], [1.0])
        assert (one.is_aborted, two.is_aborted) == (True, False)

    def test_is_overrun_when_refusals_pile_up(self) -> None:
        guard = Guard(ServingLimits(connections=1))
        connections = [Connection() for _ in range(258)]
        for each in connections[:257]:
            guard.watch(each)
        assert not guard.is_overrun()
        guard.watch(connections[257])
        assert guard.is_overrun()


class TestWriting:
    limits = ServingLimits(send_seconds=10, linger_seconds=2)

    def test_is_stuck_when_nothing_is_taken_for_long(self) -> None:
        writing = Writing(self.limits)
        assert not writing.is_stuck(100, is_closing=False)
        writing.pause(100)
        assert [writing.is_stuck(now, is_closing=False) for now in (110, 111)] == [False, True]
        writing.resume()
        assert not writing.is_stuck(999, is_closing=False)

    def test_is_stuck_when_closing_takes_long(self) -> None:
        writing = Writing(self.limits)
        assert [writing.is_stuck(now, is_closing=True) for now in (100, 102, 103)] == [False, False, True]
