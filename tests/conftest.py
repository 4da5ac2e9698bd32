"""Settings and results that all tests share: Hypothesis draws the same few examples each time."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tolls

settings.register_profile(
    "default",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")


SHIPPED = Path(__file__).parents[1] / "models" / "syria-coast-2025"


@pytest.fixture(scope="session")
def shipped_estimate():
    """Fit the shipped case, once per worker, with the engine that is the default."""
    return tolls.fit(tolls.read_case(SHIPPED), seed=1)


@pytest.fixture(autouse=True)
def _closed_figures():
    """Leave no test the figures of another, whichever process runs both."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
