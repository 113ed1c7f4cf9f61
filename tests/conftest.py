"""Shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--captures",
        type=Path,
        default=os.environ.get("POLYMARKET_CAPTURES"),
        help="directory of recorded frames of the venue; without it the tests of them do not run",
    )


@pytest.fixture(scope="session")
def captures(request: pytest.FixtureRequest) -> Path:
    """The directory of recordings, which are not part of the project."""
    directory = request.config.getoption("--captures")
    if directory is None:
        pytest.skip("not run: recordings of the venue are given by --captures=DIRECTORY")
    path = Path(directory)
    assert path.is_dir(), f"--captures: {path} is not a directory"
    return path
