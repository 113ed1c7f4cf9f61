"""How far prices have come within a minute and an hour."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._hub.history import Change, PriceHistory


def history(*samples, asset_id="1"):
    kept = PriceHistory()
    for now, price in samples:
        kept.add(asset_id, Decimal(price), now)
    return kept


def test_of_a_token_that_nobody_looked_at_nothing_is_known():
    assert PriceHistory().change("1", Decimal("0.5"), 10.0, 60.0) is None


def test_a_change_is_that_to_what_stood_then():
    kept = history((0, "0.40"), (50, "0.50"), (70, "0.55"))
    assert kept.change("1", Decimal("0.56"), 110.0, 60.0) == Change(Decimal("0.06"), 60.0)


def test_a_shorter_history_says_how_short_it_is():
    kept = history((0, "0.40"), (5, "0.50"))
    assert kept.change("1", Decimal("0.50"), 10.0, 60.0) == Change(Decimal("0.10"), 10.0)


def test_an_hour_is_known_by_the_minute():
    kept = history(*[(second, f"0.{100 + second // 60:03}") for second in range(0, 7200, 5)])
    change = kept.change("1", Decimal("0.219"), 7195.0, 3600.0)
    assert change.seconds == 3600.0
    assert Decimal("0.059") <= change.amount <= Decimal("0.061")


def test_what_was_begun_is_not_begun_again():
    kept = PriceHistory()
    kept.begin("1", Decimal("0.4"), 0.0)
    kept.begin("1", Decimal("0.9"), 5.0)
    assert kept.change("1", Decimal("0.5"), 10.0, 60.0) == Change(Decimal("0.1"), 10.0)


def test_the_others_are_forgotten():
    kept = history((0, "0.40"))
    kept.add("2", Decimal("0.7"), 0.0)
    kept.retain(frozenset({"2"}))
    assert kept.change("1", Decimal("0.5"), 1.0, 60.0) is None
    assert kept.change("2", Decimal("0.7"), 1.0, 60.0) == Change(Decimal(0), 1.0)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 99)), min_size=1, max_size=400),
    st.integers(0, 60),
)
def test_within_a_minute_it_is_exact_and_the_memory_stays_small(steps, later):
    kept, now, samples = PriceHistory(), 0, []
    for step, cents in steps:
        now += step
        samples.append((now, Decimal(cents) / 100))
        kept.add("1", Decimal(cents) / 100, float(now))
    now += later
    expected = [price for at, price in samples if at <= now - 60] or [samples[0][1]]
    change = kept.change("1", Decimal(0), float(now), 60.0)
    assert -change.amount == expected[-1]
    of_token = kept._samples["1"]
    assert len(of_token.fine) <= 62
    assert len(of_token.coarse) <= 62
