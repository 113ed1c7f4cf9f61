"""What the package promises to those who import it."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import attrs
import pytest

import polymarket_realtime
from polymarket_realtime import Event, errors
from polymarket_realtime._model import (
    account_feed,
    condition,
    events,
    feed,
    lifecycle,
    live,
    market,
    user,
)


def test_all_is_sorted_and_complete():
    assert polymarket_realtime.__all__ == sorted(polymarket_realtime.__all__)
    for name in polymarket_realtime.__all__:
        assert getattr(polymarket_realtime, name) is not None


def test_the_version_is_that_of_the_distribution():
    assert polymarket_realtime.__version__ == importlib.metadata.version("polymarket-realtime")


def test_importing_the_package_loads_neither_mcp_nor_servers():
    program = (
        "import json, sys, time; began = time.perf_counter(); import polymarket_realtime; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60
    )
    loaded = {name.split(".")[0] for name in json.loads(printed.stdout)}
    assert not loaded & {
        "asyncio",
        "cyclopts",
        "eth_account",
        "hypercorn",
        "mcp",
        "mcp_types",
        "pydantic",
        "rich",
        "starlette",
        "uvicorn",
    }


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_one_of_the_tree(name):
    error = getattr(errors, name)
    assert issubclass(error, errors.PolymarketRealtimeError)
    assert f" {name}" in errors.__doc__ or name == "PolymarketRealtimeError"
    assert error.__doc__


def concrete_events() -> list[type[Event]]:
    classes = [
        value
        for module in (account_feed, condition, events, feed, lifecycle, live, market, user)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Event) and "type" in vars(value)
    ]
    assert len(classes) == 29
    return classes


@pytest.mark.parametrize("cls", concrete_events())
def test_every_event_shows_only_attributes_that_it_has(cls):
    own = {field.name for field in attrs.fields(cls)} | set(dir(cls))
    assert set(cls.shown) <= own
    assert cls.shown[0] == "type"


@pytest.mark.parametrize("cls", concrete_events())
def test_every_event_is_public(cls):
    assert cls.__name__ in polymarket_realtime.__all__
