"""Keeps the documentation true: examples run, reference pages are complete, links and file names lead somewhere."""

import contextlib
import dataclasses
import doctest
import inspect
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.running import run

from datasouk import mam

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])
SOURCES = sorted([*ROOT.glob("src/**/*.py"), ROOT / "Makefile", ROOT / "pyproject.toml"])

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE_NAME = re.compile(r"`((?:src|tests|docs|bench|\.ci)/[^`\s]*)`")
DOCS_PAGE = re.compile(r"\bdocs/[\w/.-]+\.md\b")
BASH_TIMEOUT_SECONDS = 60.0
# They need a server and more than one terminal: tests/test_tutorial_ledger.py and test_tutorial_market.py follow them.
FOLLOWED_ELSEWHERE = {ROOT / "docs/tutorial/your-own-ledger.md", ROOT / "docs/tutorial/sell-and-buy.md"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@dataclasses.dataclass(frozen=True)
class Example:
    """A block that is run, and what the block right behind it says that it prints."""

    language: str
    code: str
    line: int
    output: str | None


def examples(page: Path) -> list[Example]:
    text = page.read_text()
    blocks = list(FENCE.finditer(text))
    found = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=False):
        if block[1] not in {"python", "bash"}:
            continue
        directly = following and following[1] == "text" and not text[block.end() : following.start()].strip()
        output = following[2] if following and directly else None
        found.append(Example(block[1], block[2], text.count("\n", 0, block.start(2)), output))
    return found


def check_output(example: Example, printed: str) -> None:
    if example.output is not None:
        same = doctest.OutputChecker().check_output(example.output, printed, doctest.ELLIPSIS)
        assert same, f"line {example.line}: it printed\n{printed}instead of\n{example.output}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if examples(page) and page not in FOLLOWED_ELSEWHERE], ids=name_of
)
def test_examples_run_and_print_what_the_page_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page run in order: Python in one namespace, bash in one shell after another, in one folder."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    shell = ""
    for example in examples(page):
        if example.language == "bash":
            shell = check_bash(example, shell)
            continue
        # Empty lines in front, so that a traceback names the page's own line.
        code = compile("\n" * example.line + example.code, str(page), "exec", dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        check_output(example, printed.getvalue())


def check_bash(example: Example, functions: str) -> str:
    """Run a block behind the functions that earlier blocks defined; returns the functions that are defined now."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = f"{functions}\nset -eu\n{example.code}\ndeclare -f > .functions"
    ended = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=BASH_TIMEOUT_SECONDS,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), f"line {example.line}"
    check_output(example, ended.stdout)
    return Path(".functions").read_text()


def test_an_example_that_prints_something_else_is_noticed() -> None:
    with pytest.raises(AssertionError, match="line 3"):
        check_output(Example("python", "", 3, "1 ... 3\n"), "1 2 4\n")
    check_output(Example("python", "", 3, "1 ... 3\n"), "1 2 3\n")


def test_the_tutorial_shows_the_output_of_nearly_every_block() -> None:
    blocks = examples(ROOT / "docs/tutorial/first-messages.md")
    assert len(blocks) >= 10
    assert sum(block.output is not None for block in blocks) >= len(blocks) - 2


def commands_in_help(*prefix: str) -> Iterator[str]:
    """Every command that ``--help`` lists, and those below it, as they are typed."""
    text = run(*prefix, "--help").stdout
    for name in re.findall(r"^    (\w[\w-]*)  +\S", text, re.MULTILINE):
        yield " ".join(("datasouk", *prefix, name))
        yield from commands_in_help(*prefix, name)


def test_the_reference_lists_exactly_the_commands_of_help() -> None:
    described = re.findall(r"^## `(datasouk [^`]+)`$", (ROOT / "docs/reference/commands.md").read_text(), re.MULTILINE)
    assert sorted(described) == sorted(commands_in_help())


def test_the_reference_names_exactly_the_options_of_help() -> None:
    pages = [run(*command.split()[1:], "--help").stdout for command in ("datasouk", *commands_in_help())]
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "\n".join(pages)))
    described = set(re.findall(r"`(?:-h`, `)?(--[a-z][a-z-]*)[ `]", (ROOT / "docs/reference/commands.md").read_text()))
    assert described == offered


def reference_sections() -> dict[str, str]:
    """The sections of the library's reference that are headed by one name in backticks."""
    text = (ROOT / "docs/reference/mam.md").read_text()
    parts = re.split(r"^### `(\w+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_reference_has_a_section_for_exactly_the_public_names() -> None:
    assert sorted(reference_sections()) == sorted(mam.__all__)


@pytest.mark.parametrize("name", mam.__all__)
def test_the_reference_names_every_parameter_member_and_field(name: str) -> None:
    thing, section = getattr(mam, name), reference_sections()[name]
    if inspect.isfunction(thing):
        names = list(inspect.signature(thing).parameters)
    elif dataclasses.is_dataclass(thing):
        names = [field.name for field in dataclasses.fields(thing)]
    elif issubclass(thing, Exception):
        names = [thing.reason]
        if "__init__" in vars(thing):
            # What the constructor sets: the names it uses, but for those it calls.
            names += [used for used in thing.__init__.__code__.co_names if used not in {"super", "__init__"}]
    else:
        names = [member for member in vars(thing) if not member.startswith("_")]
    missing = [member for member in names if not re.search(rf"`[^`]*\b{member}\b[^`]*`", section)]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), target
        assert not anchor or anchor in anchors(goal), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_exist(page: Path) -> None:
    for name in FILE_NAME.findall(page.read_text()):
        assert any(ROOT.glob(name.rstrip("/"))), name


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_pages_that_the_code_names_exist(source: Path) -> None:
    for name in DOCS_PAGE.findall(source.read_text()):
        assert (ROOT / name).exists(), name


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs/README.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(index.read_text())}
    assert [name_of(page) for page in ROOT.glob("docs/**/*.md") if page not in linked and page != index] == []


def test_the_architecture_page_shows_every_module() -> None:
    """The tree of the page names each file of the packages that it unfolds."""
    text = (ROOT / "docs/explanation/architecture.md").read_text()
    modules = {path.name for path in ROOT.glob("src/datasouk/**/*.py")}
    assert sorted(name for name in modules if name not in text) == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/*.md")), ids=name_of)
def test_a_decision_has_its_five_parts(page: Path) -> None:
    assert re.match(r"\d{4}-[a-z0-9-]+\.md", page.name)
    headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives", "Files"]


def test_the_two_commands_stand_at_the_top_of_the_readme() -> None:
    top = (ROOT / "README.md").read_text().splitlines()[:8]
    assert any(line.startswith("make demo") for line in top)
    assert any(line.startswith("make test") for line in top)
