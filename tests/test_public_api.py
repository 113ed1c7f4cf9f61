"""What the package promises to those who import it."""

from __future__ import annotations

import ast
import importlib.metadata
import pickle
from pathlib import Path

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


def test_names_are_imported_from_where_type_checkers_see_them():
    tree = ast.parse(Path(polymarket_realtime.__file__).read_text())
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in polymarket_realtime.__all__ and alias.name != "errors"
    }
    homes = {
        name: f"polymarket_realtime.{home}" for name, home in polymarket_realtime._HOME.items()
    }
    assert homes == seen
    assert sorted([*homes, "errors"]) == polymarket_realtime.__all__


def test_a_name_is_there_in_every_way_that_python_has_to_ask_for_it():
    space: dict[str, object] = {}
    exec("from polymarket_realtime import *", space)
    assert set(polymarket_realtime.__all__) <= space.keys()
    assert set(polymarket_realtime.__all__) <= set(dir(polymarket_realtime))
    assert pickle.loads(pickle.dumps(polymarket_realtime.Side.BUY)) is space["Side"].BUY
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = polymarket_realtime.Nothing


def test_the_version_is_that_of_the_distribution():
    assert polymarket_realtime.__version__ == importlib.metadata.version("polymarket-realtime")


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
