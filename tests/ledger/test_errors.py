import ast
import inspect
from pathlib import Path

import pytest

import datasouk.ledger.errors as errors_module
from datasouk.errors import DatasoukError
from datasouk.ledger import LedgerError
from datasouk.ledger.errors import OutOfRange, UnknownType

_SOURCES = Path(errors_module.__file__).parent


def _classes() -> list[type[LedgerError]]:
    return [each for _, each in inspect.getmembers(errors_module, inspect.isclass) if issubclass(each, LedgerError)]


def test_every_error_is_public_and_drawn_below_its_base() -> None:
    tree = (errors_module.__doc__ or "").splitlines()
    depth_of = {line.split("── ")[1].split()[0]: line.index("── ") for line in tree if "── " in line}
    assert set(depth_of) == {each.__name__ for each in _classes()} == set(errors_module.__all__)
    for each in _classes():
        (base,) = each.__bases__
        assert base is DatasoukError or depth_of[base.__name__] == depth_of[each.__name__] - 4


def test_huge_numbers_are_not_printed() -> None:
    assert "a number of 40001 bits" in str(OutOfRange("amount", 1 << 40_000, 0, 5))
    assert "a number of 40001 bits" in str(UnknownType("type", 1 << 40_000, (1,)))


@pytest.mark.parametrize("path", sorted(_SOURCES.glob("*.py")), ids=lambda path: path.name)
def test_sources_import_only_what_they_may(path: Path) -> None:
    """The standard library, this package and what lies below it; `cryptography` in keys.py alone."""
    below = ("datasouk.errors", "datasouk.ledger", "datasouk.ternary")
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    foreign = {name for name in found if name.split(".")[0] in {"cryptography", "datasouk"}}
    foreign = {name for name in foreign if not name.startswith(below)}
    assert all(name.startswith("cryptography.") for name in foreign)
    assert not foreign or path.name == "keys.py"
