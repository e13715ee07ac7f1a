"""What the original answered, as recorded, held against this application; money is a fake here."""

import json
from collections.abc import Mapping

import pytest
from tests.web.rig import running
from tests.web.transcript import CASES, DIFFERENCES, TRANSCRIPT, differences, replay

from datasouk.market.records import Role
from datasouk.web.options import WebOptions

_OPTIONS = WebOptions(public_settings=TRANSCRIPT["settings"])


@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES)
async def test_case_answers_as_recorded(case: str) -> None:
    async with running(options=_OPTIONS) as rig:
        made = 0

        async def make_user(role: str) -> Mapping[str, str]:
            nonlocal made
            made += 1
            email = f"person{made}@example.org"
            account = await rig.market.users.create(email=email, role=Role(role))
            return {"userId": account.user_id, "apiKey": account.api_key, "email": email}

        assert await replay(CASES[case], rig.http, make_user) == {}


def test_every_difference_names_a_step_that_was_recorded() -> None:
    steps = {(case["id"], step["name"]) for case in CASES.values() for step in case["steps"]}
    assert {(each["case"], each["step"]) for each in DIFFERENCES["differences"]} <= steps


def test_the_replayer_notices_what_differs() -> None:
    assert differences({"a": 1, "b": [1]}, json.loads('{"a": 1.0, "b": [1], "c": 2}')) == []
    assert differences({"a": 1}, {"a": True})
    assert differences({"a": "1"}, {"a": 1})
    assert differences([1], [1, 2])
    assert differences({"$unordered": [1, 2]}, [2, 1]) == []
    assert differences({"$unordered": [1, 2]}, [2, 1, 3])
    assert differences({"$match": "hex64"}, "0")
