import importlib
import pkgutil

import pytest

import datasouk
from datasouk.errors import DatasoukError

ERROR_MODULES = [
    module.name for module in pkgutil.walk_packages(datasouk.__path__, "datasouk.") if module.name.endswith(".errors")
]


def test_there_are_such_modules() -> None:
    assert {"datasouk.errors", "datasouk.mam.errors", "datasouk.ternary.errors"} <= set(ERROR_MODULES)


@pytest.mark.parametrize("name", ERROR_MODULES)
def test_whoever_catches_the_root_catches_all(name: str) -> None:
    module = importlib.import_module(name)
    kinds = [getattr(module, public) for public in module.__all__]
    assert all(issubclass(kind, DatasoukError) for kind in kinds if isinstance(kind, type))
    assert kinds
