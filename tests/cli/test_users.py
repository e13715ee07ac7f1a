"""``datasouk users``: with a server that runs, and without."""

from pathlib import Path

import pytest
from tests.cli.running import run
from tests.served_market import ServedMarket


@pytest.mark.slow
def test_accounts_are_made_without_a_server(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path / "data"))
    made = run("users", "create", "--email", "a@example.org", *folder)
    assert made.returncode == 0
    assert "API key:  dsk_" in made.stdout
    listed = run("users", "list", *folder)
    assert listed.stdout.endswith("user      a@example.org\n")
    handle = listed.stdout.split()[0]
    assert "admin" in run("users", "promote", handle, *folder).stdout
    assert "user" in run("users", "promote", handle, "--undo", *folder).stdout
    assert "disabled" in run("users", "disable", "a@example.org", *folder).stdout
    refused = run("users", "disable", "nobody", *folder)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "AccountNotFound" in refused.stderr
    assert run("users", "create", "--email", "no address", *folder).returncode == 1


@pytest.mark.slow
def test_a_server_that_runs_is_asked(tmp_path: Path) -> None:
    with ServedMarket(tmp_path) as market:
        made = market.users("create", "--email", "a@example.org", "--admin")
        assert sorted(made) == ["apiKey", "email", "handle", "userId"]
        (listed,) = market.users("list")
        assert (listed["handle"], listed["role"], listed["disabled"]) == (made["handle"], "admin", False)
        assert market.users("disable", made["handle"])["disabled"] is True
        assert market.users("disable", made["handle"], "--undo")["disabled"] is False
        assert market.users("promote", "a@example.org", "--undo")["role"] == "user"
