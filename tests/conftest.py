"""What holds for every test: hypothesis draws the same examples in each run, asynchronous tests run on asyncio."""

import platform
import sys

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "datasouk",
    derandomize=True,
    database=None,
    # How long an example takes depends on the machine; the limit of a whole test is pytest's.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=40,
)
settings.load_profile("datasouk")


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests (``pytest.mark.anyio``) run on asyncio."""
    return "asyncio"


# The one thing that not every machine can test; pyproject.toml has the same condition.
_HAS_IOTA_CLIENT = sys.platform == "linux" and platform.machine() == "x86_64"
collect_ignore = [] if _HAS_IOTA_CLIENT else ["clients/test_iota_client_python.py"]


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    if _HAS_IOTA_CLIENT:
        return []
    return ["iota-client-python has wheels for Linux on x86-64 alone: its tests are left out on this machine"]
