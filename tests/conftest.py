"""Shared by all tests."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no reason for a test to fail.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A library below eth-account raises the limit to 100,000 when imported, and then JSON that nests
# too deep would be no error but the end of the process. The package undoes that; so do its tests.
_limit = sys.getrecursionlimit()
import eth_account  # noqa: E402, F401

sys.setrecursionlimit(_limit)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--captures",
        type=Path,
        default=os.environ.get("POLYMARKET_CAPTURES"),
        help="directory of recorded frames of the venue; without it the tests of them do not run",
    )
    parser.addoption(
        "--trust-runs",
        type=int,
        default=40,
        help="how many runs with random faults to make",
    )


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    """Commands that run in this process set a level and freeze what was imported."""
    logger = logging.getLogger("polymarket_realtime")
    level = logger.level
    yield
    logger.setLevel(level)
    gc.unfreeze()


@pytest.fixture(scope="session")
def captures(request: pytest.FixtureRequest) -> Path:
    """The directory of recordings, which are not part of the project."""
    directory = request.config.getoption("--captures")
    if directory is None:
        pytest.skip("not run: recordings of the venue are given by --captures=DIRECTORY")
    path = Path(directory)
    assert path.is_dir(), f"--captures: {path} is not a directory"
    return path
