"""What the original answered, as recorded, held against the marketplace as it is served."""

import json
from collections.abc import Iterator, Mapping

import httpx2
import pytest
from tests.served_market import ServedMarket
from tests.web.transcript import CASES, TRANSCRIPT, replay

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
    assert wrong == {}
