"""Short names of tokens."""

from polymarket_realtime.server import refs
from polymarket_realtime.server.refs import Refs


def test_a_token_keeps_its_name_and_the_name_means_it():
    names = Refs()
    assert [names.of("7" * 77), names.of("8" * 77), names.of("7" * 77)] == ["t1", "t2", "t1"]
    assert names.meant("t2") == "8" * 77


def test_what_is_no_name_stands_for_itself():
    names = Refs()
    for text in ("t1", "will-it-rain", "7" * 77):
        assert names.meant(text) == text


def test_of_too_many_the_first_is_forgotten_and_no_name_is_given_twice(monkeypatch):
    monkeypatch.setattr(refs, "_MOST", 2)
    names = Refs()
    assert [names.of(each) for each in "123"] == ["t1", "t2", "t3"]
    assert names.meant("t1") == "t1"
    assert names.of("1") == "t4"
