import dataclasses

import pytest
from tests.market.rig import FAST
from tests.settlement_fakes import some_movement

from datasouk.ledger.answers import NodeUnavailable
from datasouk.market.errors import InvalidField, StoreFailed, StoreOverloaded
from datasouk.market.settlement_jobs import FAULT_POINTS, Job, SettlementSettings, no_fault, persist

pytestmark = pytest.mark.anyio


async def test_a_step_is_done_until_it_succeeds() -> None:
    failures = [NodeUnavailable("away"), StoreOverloaded("full"), NodeUnavailable("away")]

    async def step() -> None:
        if failures:
            raise failures.pop()

    await persist(FAST, step)
    assert failures == []


@pytest.mark.parametrize("error", [StoreFailed("disk"), ValueError("bug")])
async def test_what_cannot_get_better_is_raised(error: Exception) -> None:
    async def step() -> None:
        raise error

    with pytest.raises(type(error)):
        await persist(FAST, step)


async def test_a_job_that_fails_unheard_is_no_fault() -> None:
    job = Job(some_movement())
    job.done.set_exception(StoreFailed("disk"))
    assert not job.is_grouped


def test_no_fault_point_does_anything_by_itself() -> None:
    for name in FAULT_POINTS:
        no_fault(name)


def test_d2_and_d18_defaults_are_those_of_the_specification() -> None:
    settings = SettlementSettings()
    assert settings.spending_iota_per_purchase == 1_000_000
    assert settings.spending_iota_per_day == 10_000_000
    assert settings.wallet_funding_iota == 1_000_000
    assert settings.default_price_iota == 1000
    assert settings.timeout_seconds == 30
    assert len(dataclasses.fields(settings)) == 13


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_seconds", 0),
        ("retry_seconds", -1),
        ("reattach_seconds", float("inf")),
        ("most_waiting", 0),
        ("most_groups_under_way", 0),
        ("fundings_per_day", -1),
        ("wallet_funding_iota", 999_999),
        ("default_price_iota", -1),
        ("default_price_iota", 2_779_530_283_277_762),
        ("spending_iota_per_day", -1),
    ],
)
def test_a_setting_outside_its_limits_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InvalidField, match=f"^{name} must be ") as refused:
        SettlementSettings(**{name: value})  # type: ignore[arg-type]
    assert refused.value.field == name
