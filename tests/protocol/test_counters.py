"""Counts that a peer cannot make grow without end."""

from polymarket_realtime._protocol.counters import FeedCounters


def test_of_texts_a_hundred_are_told_apart_and_the_others_counted_together():
    counters = FeedCounters()
    for number in range(5000):
        counters.heard_text(f"greeting {number}")
    counters.heard_text("greeting 0")
    assert len(counters.texts) <= 101
    assert counters.texts.total() == 5001
    assert counters.texts["greeting 0"] == 2


def test_of_a_long_text_the_first_words_are_kept():
    counters = FeedCounters()
    counters.heard_text("x" * 1000)
    assert list(counters.texts) == ["x" * 40]
