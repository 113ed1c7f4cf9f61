"""The table of `find`, without a terminal."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from polymarket_realtime import AssetId, ConditionId, Market, Outcome
from polymarket_realtime.cli.find import draw_markets

SLUG = "will-the-question-of-this-market-be-far-too-long-for-a-terminal-of-80-columns-and-more"


def market(yes="0.42", no="0.58", **more):
    outcomes = tuple(
        Outcome(AssetId(name), name, price and Decimal(price))
        for name, price in (("Yes", yes), ("No", no))
    )
    fields = {
        "condition_id": ConditionId("0x" + "ab" * 32),
        "question": "Will the question of this market be far too long for a terminal?",
        "slug": SLUG,
        "outcomes": outcomes,
        "ends_at": datetime(2026, 12, 31, 12, tzinfo=UTC),
        "volume": Decimal("1234567.89"),
    }
    return Market(**(fields | more))


def draw(*markets, width=80):
    """The lines that a terminal of this width would show."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(draw_markets(markets, width))
    return console.file.getvalue().splitlines()


def test_a_market_is_shown_with_its_prices_volume_and_end():
    first, second, *_ = draw(market(slug="a-slug"))[3:]
    assert first.startswith(" Will the question of this market")
    assert first.split()[-4:] == ["Yes", "0.42", "$1.2M", "2026-12-31"]
    assert second.split() == ["a-slug", "No", "0.58"]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_slug_is_never_cut_because_it_is_what_watch_takes(width):
    lines = draw(market(), width=width)
    assert max(map(len, lines)) <= min(width, 160)
    assert SLUG in "".join(line.split(" No ")[0].strip() for line in lines[4:])


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({"ends_at": None}, "-"),
        ({"closed": True}, "closed"),
        ({"closed": True, "yes": "1", "no": "0"}, "won: Yes"),
    ],
)
def test_the_end_is_the_announced_one_or_who_has_won(more, end):
    assert draw(market(**more))[3].rstrip().endswith(f" {end}")


@pytest.mark.parametrize(
    ("volume", "shown"),
    [
        (None, "-"),
        ("0", "$0"),
        ("999.4", "$999"),
        ("1000", "$1.0k"),
        ("12345", "$12.3k"),
        ("2000000000", "$2.0B"),
    ],
)
def test_volumes_are_short(volume, shown):
    line = draw(market(volume=volume and Decimal(volume)))[3]
    assert line.split()[-2] == shown


def test_a_price_that_is_not_known_is_a_dash_and_one_without_a_slug_has_its_condition_id():
    lines = draw(market(yes=None, slug=""))
    assert " Yes - " in lines[3]
    assert "0xabab" in lines[4]


def test_the_venue_cannot_steer_the_terminal():
    nasty = "\x1b]0;title\x07\x9b2J\u202eyes\r\n"
    outcomes = (Outcome(AssetId("1"), nasty, Decimal(1)), Outcome(AssetId("2"), "No", Decimal(0)))
    lines = draw(market(question=nasty, slug=nasty, outcomes=outcomes, closed=True))
    assert "".join(lines).isprintable()
    assert "]0;title" in "".join(lines)
