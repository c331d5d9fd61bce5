"""Invented runs for tests of what stores and shows them; makes `synthetic` importable."""

import sys
from importlib.util import find_spec

import needs
import pytest
import synthetic

from experiments.ensemble.folder import EnsembleFolder

# As `python -m pytest` does it: processes that tests start need not import pytest first.
sys.modules["__main__"].__spec__ = find_spec("pytest.__main__")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose extra is missing, by name; fail it where the extra is required."""
    for mark in item.iter_markers("extra"):
        needs.packages(*mark.args)


@pytest.fixture
def result() -> synthetic.FakeResult:
    """A result of 24 months."""
    return synthetic.FakeResult(months=24)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> EnsembleFolder:
    """A tiny ensemble, not to be changed."""
    from tiny_ensemble import made

    return made(tmp_path_factory.mktemp("ensembles") / "tiny")
