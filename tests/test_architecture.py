"""The shape of the sources: each file has its own tests, and none has grown beyond what a reader can take in."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "datasouk"
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 70

# Files without a test file of their own name: where their tests are instead, and why.
COVERED_ELSEWHERE = {
    "__main__.py": "one call of cli.main; the command's tests start it as a user does",
    "cli/main.py": "the tests of the command line follow its commands, not its files",
    "app.py": "it only puts parts together; tests/cli/test_serve.py and test_node.py start the result",
    "cli/errors.py": "two names; the tests of the commands see what they lead to",
    "cli/jsonio.py": "the tests of the commands feed it through standard input",
    "ledger/answers.py": "values without behaviour; test_answers_json writes and reads every one",
    "ledger/inclusion_path.py": "moved out of inclusion.py, whose tests read and write it",
    "market/ports.py": "a Protocol; tests/contracts holds its implementations equal",
    "market/records.py": "values without behaviour; tests/contracts puts every one into a store and takes it out",
    "market/rules.py": "values without behaviour; the tests of users, devices and streams set each one",
    "node/errors.py": "two names; test_database and test_embedded see them raised",
    "node/rest_ports.py": "Protocols; mypy holds the nodes to them, and test_rest_messages and _ledger use all of them",
    "node/settings.py": "values without behaviour; test_settings_pages holds the page against them",
    "web/options.py": "values without behaviour; the tests of each handler set them",
    "web/ports.py": "Protocols; mypy holds the fake and the real money to them",
    "serving_protocol.py": "test_serving drives it over real sockets",
}

FILES = sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py"))
every_file = pytest.mark.parametrize("name", FILES)


def tree_of(name: str) -> ast.Module:
    return ast.parse((SOURCES / name).read_text("utf-8"))


def test_there_are_files() -> None:
    assert "mam/channel.py" in FILES


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("__init__.py")])
def test_each_file_has_tests_of_its_own_name(name: str) -> None:
    path = Path(name)
    test = ROOT / "tests" / path.parent / f"test_{path.name}"
    assert test.is_file() or name in COVERED_ELSEWHERE, f"{test.relative_to(ROOT)} is missing"


@pytest.mark.parametrize("name", COVERED_ELSEWHERE)
def test_each_exception_names_a_file(name: str) -> None:
    assert name in FILES
    assert len(COVERED_ELSEWHERE[name].split()) > 3


@pytest.mark.parametrize(
    "name",
    [
        path.relative_to(ROOT).as_posix()
        for folder in (SOURCES, ROOT / "tests", ROOT / "bench")
        for path in sorted(folder.rglob("*.py"))
    ],
)
def test_a_file_fits_a_reader(name: str) -> None:
    lines = len((ROOT / name).read_text("utf-8").splitlines())
    assert lines < MOST_LINES, f"{name} has {lines} lines"


@every_file
def test_a_function_fits_a_screen(name: str) -> None:
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines < MOST_LINES_OF_A_FUNCTION, f"{name}: {node.name} has {lines} lines"


@every_file
def test_a_module_says_what_it_is(name: str) -> None:
    docstring = ast.get_docstring(tree_of(name))
    assert docstring, f"{name} has no docstring"
    assert len(docstring.splitlines()[0]) > 20
