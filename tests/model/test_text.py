"""Text of strangers is made harmless, and nothing else is done to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._model.text import plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Will it rain?", "Will it rain?"),
        ("  Ünïcode, 日本語 and 🙂 stay  ", "Ünïcode, 日本語 and 🙂 stay"),
        ("one\nline\tonly", "one line only"),
        ("\x1b[31mred", "[31mred"),
        ("right\u202eleft", "right left"),
        ("zero\u200bwidth", "zero width"),
        ("", ""),
        ("\x00", ""),
    ],
)
def test_nothing_is_left_that_steers_a_terminal(text, plain):
    assert plain_text(text) == plain


def test_a_long_text_is_cut_and_shows_that_it_was():
    assert plain_text("x" * 300) == "x" * 300
    assert plain_text("x" * 301) == "x" * 299 + "…"
    assert plain_text("abcdef", 4) == "abc…"


@given(st.text(max_size=60), st.integers(1, 40))
def test_it_is_always_printable_and_short_enough_and_then_stays_as_it_is(text, longest):
    plain = plain_text(text, longest)
    assert plain.isprintable()
    assert len(plain) <= longest
    assert plain_text(plain, longest) == plain
