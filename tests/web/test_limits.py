from collections.abc import Callable
from functools import partial

import pytest

from datasouk.web.http import HttpRefused
from datasouk.web.limits import RateLimits, RateRules, group_of


class Clock:
    def __init__(self) -> None:
        self.now = 60_000.0

    def __call__(self) -> float:
        return self.now


def refusal_of(call: Callable[[], None]) -> HttpRefused | None:
    try:
        call()
    except HttpRefused as refused:
        return refused
    return None


def count_until_refused(call: Callable[[], None], most: int = 50) -> int:
    for number in range(most):
        refused = refusal_of(call)
        if refused is not None:
            assert refused.status == 429
            assert int(dict(refused.headers)[b"retry-after"]) >= 1
            return number
    return most


def test_an_address_may_ask_so_often_in_a_minute() -> None:
    clock = Clock()
    limits = RateLimits(RateRules(requests=10), clock=clock)
    assert count_until_refused(lambda: limits.admit("10.0.0.1")) == 10
    assert count_until_refused(lambda: limits.admit("10.0.0.2")) == 10
    clock.now += 60
    assert count_until_refused(lambda: limits.admit("10.0.0.1")) == 0
    clock.now += 30
    assert count_until_refused(lambda: limits.admit("10.0.0.1")) == 5
    clock.now += 600
    assert count_until_refused(lambda: limits.admit("10.0.0.1")) == 10


def test_wrong_credentials_close_the_door_to_their_address_alone() -> None:
    limits = RateLimits(RateRules(refusals=3), clock=Clock())
    for _ in range(2):
        limits.count_refusal("10.0.0.1")
    limits.admit("10.0.0.1")
    limits.count_refusal("10.0.0.1")
    assert count_until_refused(lambda: limits.admit("10.0.0.1")) == 0
    limits.admit("10.0.0.2")


def test_changes_are_counted_by_account_and_gifts_by_address() -> None:
    limits = RateLimits(RateRules(changes=4, gifts_an_hour=2), clock=Clock())
    assert count_until_refused(lambda: limits.count_change("a")) == 4
    assert count_until_refused(lambda: limits.count_change("b")) == 4
    assert count_until_refused(lambda: limits.count_gift("10.0.0.1")) == 2
    assert count_until_refused(lambda: limits.count_gift("10.0.0.2")) == 2


def test_nothing_is_limited_without_rules() -> None:
    limits = RateLimits(None)
    limits.count_refusal("10.0.0.1")
    for call in (limits.admit, limits.count_change, limits.count_gift):
        assert count_until_refused(partial(call, "10.0.0.1")) == 50


def test_a_customer_of_ipv6_counts_as_one() -> None:
    assert group_of("2001:db8::1") == group_of("2001:db8::ffff") != group_of("2001:db8:0:1::1")
    assert group_of("fe80::1%eth0") == "fe80::"
    assert group_of("10.0.0.1") == "10.0.0.1"
    assert group_of("unix:") == "unix:"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasouk.web.limits._MOST_KEYS", 10)
    limits = RateLimits(RateRules(), clock=Clock())
    for number in range(100):
        limits.admit(f"10.0.0.{number}")
    assert len(limits._windows["requests"]._counts) <= 10
