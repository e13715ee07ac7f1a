"""What the original answered, as recorded, held against the marketplace as it is served."""

import json
from collections.abc import Iterator, Mapping

import httpx2
import pytest
from tests.served_market import ServedMarket
from tests.web.transcript import CASES, TRANSCRIPT, replay

# These steps move tokens, or look at what was moved; they wait for settlement on the ledger.  Each of them must fail
# as long as it stands here, so the list goes when settlement comes.
WAITING_FOR_SETTLEMENT = {
    "stream-paging": {
        "bob gets a wallet",
        "bob buys",
        "page 1",
        "page 2",
        "page 3",
        "after the last",
        "one after the oldest",
        "time far in the future",
    },
    "stream-access": {
        "wallet",
        "buy",
        "purchased",
        "empty time means now",
    },
    "purchase": {
        "documented name `device` is not accepted",
        "make a wallet",
        "user with a wallet",
        "buy",
        "the price is taken off",
        "no data yet: empty array",
    },
    "purchase-default-price": {
        "wallet",
        "buy at the default price",
        "1000 less",
        "buy at value",
        "250 less",
        "price goes before value",
        "300 less",
    },
    "purchase-funds": {
        "wallet",
        "too dear (2)",
        "nothing is taken",
        "all that can be spent",
        "the protected rest stays",
        "nothing left",
    },
    "wallet": {
        "create: 201",
        "2000000",
        "refill: 200",
        "3000000",
    },
    "balance": {
        "a new device",
        "wallet",
        "buy",
        "the price has arrived",
    },
    "faucet": {
        "ok",
        "balance has grown",
    },
    "form-body": {
        "wallet as a form",
    },
}

_KNOWN_TO_THE_SERVER = {"defaultPrice", "numberOfDevices", "dustProtectionThreshold", "walletDefaultBalance"}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedMarket]:
    public = {name: value for name, value in TRANSCRIPT["settings"].items() if name not in _KNOWN_TO_THE_SERVER}
    folder = tmp_path_factory.mktemp("market")
    with ServedMarket(folder, CAPTCHA="test", PUBLIC_SETTINGS=json.dumps(public)) as served:
        yield served


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES)
async def test_case_answers_as_recorded(case: str, market: ServedMarket) -> None:
    made = 0

    async def make_user(role: str) -> Mapping[str, str]:
        nonlocal made
        made += 1
        options = ["--admin"] if role == "admin" else []
        account: dict[str, str] = market.users("create", "--email", f"person{made}@example.org", *options)
        return account

    async with httpx2.AsyncClient(base_url=market.url, timeout=20) as http:
        wrong = await replay(CASES[case], http, make_user)
    waiting = WAITING_FOR_SETTLEMENT.get(case, set())
    assert {step: lines for step, lines in wrong.items() if step not in waiting} == {}
    assert waiting <= set(wrong), "this works now: take it off the list"
