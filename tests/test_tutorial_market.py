"""Follows ``docs/tutorial/sell-and-buy.md`` to the letter, with a real marketplace.

Two things differ from what a reader does: the marketplace takes any free port, and the page's address is replaced by
its own; and what is typed into two terminals comes from one process.
"""

import contextlib
import io
from pathlib import Path

import pytest
from tests.served_market import ServedMarket
from tests.test_docs import check_output, examples
from tests.test_tutorial_ledger import run_shell

PAGE = Path(__file__).parents[1] / "docs/tutorial/sell-and-buy.md"
ADDRESS = "http://127.0.0.1:8000"
SERVE = "datasouk serve --data-dir "


@pytest.mark.slow
def test_every_block_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks = examples(PAGE)
    (serving,) = [block for block in blocks if block.code.startswith(SERVE)]
    with ServedMarket(tmp_path) as market:
        (tmp_path / serving.code.removeprefix(SERVE).strip()).symlink_to(market.data)
        for block in blocks:
            if block is serving:
                check_output(block, f"datasouk ready: {ADDRESS}\n")
            elif block.language == "bash":
                check_output(block, run_shell(block.code))
            else:
                # Empty lines in front, so that a traceback names the page's own line.
                code = "\n" * block.line + block.code.replace(ADDRESS, market.url)
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(compile(code, str(PAGE), "exec", dont_inherit=True), namespace)
                check_output(block, printed.getvalue())
