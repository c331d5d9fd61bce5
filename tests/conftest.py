"""Invented runs for tests of what stores and shows them; makes `synthetic` importable."""

import pytest
import synthetic


@pytest.fixture
def result() -> synthetic.FakeResult:
    """A result of 24 months."""
    return synthetic.FakeResult(months=24)
