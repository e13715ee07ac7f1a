from dataclasses import replace
from pathlib import Path

import pytest
from tests.market.rig import PRICE, open_bank

from datasouk.market.errors import CannotOpen, DeviceNotFound
from datasouk.market.group_building import DAY_MS, AlreadyBought, Builder, PriceChanged
from datasouk.market.movements import MovementKind, Refusal
from datasouk.market.payment_errors import FundingLimitReached, SpendingLimitReached
from datasouk.market.settlement_jobs import Job
from datasouk.market.wallets import make_wallet

pytestmark = pytest.mark.anyio


async def test_every_refusal_of_the_store_is_an_error_of_ours(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        builder: Builder = bank.settlement._builder
        movement = bank.settlement.movement(MovementKind.GIFT, bytes(32), bytes(32), 1)
        errors = {type(builder.refusal(movement, reason)) for reason in Refusal}
        assert errors == {AlreadyBought, PriceChanged, DeviceNotFound, FundingLimitReached, SpendingLimitReached}


async def test_the_rules_are_those_of_the_last_24_hours(tmp_path: Path) -> None:
    async with open_bank(tmp_path, fundings_per_day=7, clock=lambda: 10 * DAY_MS) as bank:
        rules = bank.settlement._builder.rules()
        assert (rules.since_ms, rules.fundings_per_day, rules.default_price_iota) == (9 * DAY_MS, 7, 1000)


async def test_a_wallet_whose_seed_cannot_be_opened_stops_nobody_else(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.device()
        broken = await bank.account(2, fundings=0)
        await bank.store.wallets.add_for_account(
            broken.account_id, replace(make_wallet(bank.vault), seed_sealed=b"damaged")
        )
        with pytest.raises(CannotOpen):
            await bank.funding.fund(broken.account_id)
        assert await bank.buy(await bank.account(3)) == PRICE


async def test_building_changes_nothing(tmp_path: Path) -> None:
    async with open_bank(tmp_path) as bank:
        await bank.account(2)
        wallet = await bank.funding.of_account("account-0002")
        operator = bank.settlement.operator_address
        job = Job(bank.settlement.movement(MovementKind.REFILL, operator, wallet.address, 5_000_000))
        builder = bank.settlement._builder
        first, second = await builder.build([job]), await builder.build([job])
        assert first.jobs == second.jobs == (job,)
        assert first.prepared is not None
        assert second.prepared is not None
        assert first.prepared.transaction == second.prepared.transaction
        recovered = await builder.recover(first.prepared.group)
        assert recovered.transaction == first.prepared.transaction
        assert dict(recovered.left) == dict(first.prepared.left)
        assert set(recovered.spent) == set(first.prepared.spent)
