"""What holds for every test: hypothesis draws the same examples in each run, asynchronous tests run on asyncio."""

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
