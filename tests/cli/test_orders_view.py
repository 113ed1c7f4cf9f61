"""The view of `watch --orders`, without a terminal."""

import io
import re
from decimal import Decimal

import attrs
import pytest
from account_samples import (
    COMPLETE,
    INCOMPLETE,
    NOW,
    REJECTED,
    interrupted,
    order,
    trade,
)
from rich.console import Console

from polymarket_realtime import AssetName, Connected
from polymarket_realtime._model.account_feed import Reconciled
from polymarket_realtime._model.user import UpdateSource
from polymarket_realtime.cli.orders_state import OrdersState
from polymarket_realtime.cli.orders_view import Rows, draw_orders, plan_rows

SOURCE = "wss://venue.example/ws/user"
QUESTION = "Will the question of this market be far too long for a terminal of 80 columns?"
CONNECTED = Connected(received=NOW, connection="user#0", asset_ids=(), attempt=1)
RECONCILED = Reconciled(
    received=NOW,
    connection="user#0",
    open_orders=1,
    found_orders=0,
    found_trades=0,
    incomplete_since=NOW - 1,
)


def watching(*events):
    state = OrdersState()
    for event in events:
        state.take(event)
    return state


def render(state, account=COMPLETE, *, name=None, now=NOW, size=(80, 24), color=None):
    console = Console(
        file=io.StringIO(), width=size[0], color_system=color, force_terminal=color is not None
    )
    console.print(draw_orders(state, account, lambda _: name, now=now, size=size, source=SOURCE))
    return console.file.getvalue()


def draw(*args, **more):
    """The lines that a terminal of this size would show."""
    return render(*args, **more).splitlines()


def cells(state, word, **more):
    """The words of the first row with this one, from the outcome on."""
    line = next(line for line in draw(state, **more) if f" {word} " in f"{line} ")
    return line.partition(" Yes ")[2].split()


# What is known


def test_an_open_order_is_shown_with_what_is_filled_and_its_age():
    assert cells(watching(order(filled="12.5")), "LIVE") == [
        *("BUY", "0.45", "12.5/40", "LIVE", "3", "s", "GTC"),
    ]


def test_an_order_is_shown_once_in_its_latest_state():
    state = watching(order(), order("b"), order(filled="10"))
    assert list(state.open) == [order().order_id, order("b").order_id]
    assert state.open[order().order_id].filled_size == 10


@pytest.mark.parametrize(
    "gone",
    [
        order(status="CANCELED", filled="10"),
        order(status="MATCHED", filled="40"),
        order(status="INVALID"),
        order(status="a sentence of the venue"),
    ],
)
def test_an_order_that_is_gone_moves_below_the_open_ones(gone):
    state = watching(order(), order("b"), gone)
    assert list(state.open) == [order("b").order_id]
    shown = [line.split()[0] for line in draw(state) if "BUY" in line]
    assert len(shown) == 2
    assert cells(state, "BUY")[3] == "LIVE"


def test_an_order_that_was_held_for_gone_may_come_back():
    state = watching(order(), order(status="CANCELED"), order())
    assert list(state.open) == [order().order_id]
    assert not state.closed


def test_only_the_latest_closed_orders_and_trades_are_kept():
    state = watching(
        *(order(order_id=str(n), status="CANCELED") for n in range(1000)),
        *(trade(str(n)) for n in range(1000)),
    )
    assert len(state.closed) < 100
    assert len(state.trades) < 1000
    assert "999" in state.closed
    assert next(reversed(state.trades.values())).trade_id == "999"


def test_open_orders_are_never_forgotten():
    state = watching(*(order(order_id=str(n)) for n in range(3000)))
    assert len(state.open) == 3000


def test_the_truth_replaces_the_open_orders_after_events_were_lost():
    state = watching(order(), order("b"))
    state.replace_open([order("c")])
    assert list(state.open) == [order("c").order_id]


def test_a_trade_is_shown_once_in_its_latest_status():
    state = watching(trade(), trade("u"), trade(status="CONFIRMED"))
    assert cells(state, "CONFIRMED") == ["SELL", "0.46", "10", "CONFIRMED", "13:46:38", "taker"]
    assert len([line for line in draw(state) if "SELL" in line]) == 2


def test_a_trade_that_filled_several_own_orders_is_shown_for_each():
    state = watching(trade(order_id="1"), trade(order_id="2"))
    assert len(state.trades) == 2


def test_what_is_not_known_of_a_trade_is_a_dash():
    state = watching(trade(role=None, matched_at=None, timestamp_ms=None, outcome=None))
    line = next(line for line in draw(state) if "SELL" in line)
    assert re.fullmatch(r" 0xabab…abab +- +SELL 0.46 +10 +MATCHED +- +- *", line)


def test_what_rest_found_is_marked_and_the_mark_explained():
    found = trade(status="CONFIRMED", source=UpdateSource.RECONCILED)
    assert "CONFIRMED*" in cells(watching(found), "SELL")
    assert draw(watching(found))[-1].startswith("* found by REST.")
    assert "*" not in render(watching(trade()))


def test_the_newest_are_shown_first():
    state = watching(order(order_id="1"), order(order_id="2", price=Decimal("0.2")))
    first, second = (line for line in draw(state) if "LIVE" in line)
    assert " 0.2 " in first
    assert " 0.45 " in second


# The head


def head(account, *events, now=NOW, size=(80, 24)):
    """The head as one line of text for each of its labels."""
    lines = draw(watching(*events), account, now=now, size=size)
    text = "\n".join(lines[: lines.index(" " * size[0])])
    return re.sub(r"\n +", " ", text).split("\n")


def test_the_head_says_what_proves_the_credentials_and_that_all_is_known():
    assert head(COMPLETE, CONNECTED, RECONCILED) == [
        "Account  proven: the venue has told something about the account's orders or trades",
        "Orders   complete: every change up to now is known",
    ]


@pytest.mark.parametrize(
    ("account", "events", "told"),
    [
        (INCOMPLETE, (), "since 13:46:28 UTC (12 s); the venue is being asked"),
        (INCOMPLETE, (interrupted(),), "asked for once there is a connection again"),
        (REJECTED, (interrupted(),), "nothing is known without the venue"),
        (attrs.evolve(INCOMPLETE, problem="HTTP 500"), (interrupted(),), "(12 s): HTTP 500"),
        (attrs.evolve(INCOMPLETE, incomplete_at=None), (), "nothing is known yet"),
    ],
)
def test_the_head_says_since_when_and_why_something_may_be_missing(account, events, told):
    line = head(account, *events)[1]
    assert line.startswith("Orders   incomplete: ")
    assert line.endswith(told)


@pytest.mark.parametrize(
    ("retry_in", "later", "told"),
    [
        (3.0, 0, "interrupted, retry in 3 s: the network is gone"),
        (3.0, 2.5, "interrupted, retry in 1 s: the network is gone"),
        (3.0, 3.0, "interrupted, connecting: the network is gone"),
        (None, 0, "interrupted: the network is gone"),
    ],
)
def test_an_interruption_counts_down_to_the_next_dial(retry_in, later, told):
    line = head(INCOMPLETE, interrupted(retry_in=retry_in), now=NOW + later)[2]
    assert line == f"Feed     {told}"


def test_an_interruption_is_over_with_the_next_connection():
    assert len(head(INCOMPLETE, interrupted(), CONNECTED)) == 2


def test_why_the_venue_refused_is_said_once():
    lines = head(REJECTED, interrupted("credentials rejected: HTTP 401", retry_in=300))
    assert lines[0].endswith("does not accept the credentials: HTTP 401")
    assert lines[2] == "Feed     interrupted, retry in 300 s"


@pytest.mark.parametrize(("account", "dim"), [(COMPLETE, False), (INCOMPLETE, True)])
def test_orders_that_may_have_changed_look_like_those_that_are_over(account, dim):
    row = next(
        line
        for line in render(watching(order()), account, color="standard").split("\n")
        if "LIVE" in line
    )
    assert ("\x1b[2m" in row) == dim


# Names


def called(question=QUESTION, outcome="Yes"):
    return AssetName(question=question, outcome=outcome, slug="a-slug")


@pytest.mark.parametrize("event", [order(outcome=None), trade(outcome=None)])
def test_a_market_is_called_by_its_question_once_that_is_known(event):
    named = re.compile(r" Will the .*… +Yes +(BUY|SELL)")
    lines = draw(watching(event))
    assert any(re.match(r" 0xabab…abab +- +(BUY|SELL)", line) for line in lines)
    # Told before the catalogue had answered, and after it.
    assert any(map(named.match, draw(watching(event), name=called())))
    assert any(map(named.match, draw(watching(attrs.evolve(event, about=called())))))


def test_what_the_venue_calls_the_outcome_wins():
    assert "Perhaps" in "".join(draw(watching(order(outcome="Perhaps")), name=called()))


# The terminal


def test_nothing_to_show_is_said():
    text = render(watching())
    assert "No open orders" in text
    assert "No trades yet" in text


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60), (80, 10), (40, 5)])
@pytest.mark.parametrize("account", [COMPLETE, REJECTED])
def test_the_view_fits_the_terminal_whatever_there_is_to_show(size, account):
    state = watching(
        *(order(order_id=str(n), status="LIVE", filled="33.333333") for n in range(100)),
        *(order(order_id=f"c{n}", status="CANCELED_MARKET_RESOLVED") for n in range(100)),
        *(trade(str(n), outcome="An outcome with a long name") for n in range(100)),
        interrupted(),
    )
    lines = draw(state, account, name=called(), size=size)
    assert max(map(len, lines)) <= min(size[0], 120)
    # Below this the heads alone fill it.
    assert len(lines) < max(size[1], 18)
    if size[1] >= 20:
        assert sum("LIVE" in line for line in lines) >= 3
        assert size[1] == 20 or any("CANC" in line for line in lines)
        assert sum("MATCHED" in line for line in lines) >= 2


def test_a_long_sentence_of_the_venue_does_not_push_the_orders_away():
    account = attrs.evolve(REJECTED, why="the venue says " + "no " * 500)
    lines = draw(watching(order()), account)
    assert len(lines) < 24
    assert any("LIVE" in line for line in lines)


def test_the_venue_cannot_steer_the_terminal():
    nasty = "\x1b]0;title\x07\x9b2J\u202eyes\r\n"
    state = watching(
        order(status=nasty, outcome=nasty, order_type=nasty),
        trade(status=nasty, outcome=nasty),
        interrupted(nasty),
    )
    account = attrs.evolve(INCOMPLETE, why=nasty, problem=nasty)
    lines = draw(state, account, name=called(nasty, nasty), size=(120, 40))
    assert "".join(lines).isprintable()
    assert "]0;title" in "".join(lines)


@pytest.mark.parametrize(("width", "shown"), [(80, "33.33/40"), (120, "33.339999/40")])
def test_sizes_are_cut_but_never_rounded_up_where_there_is_little_room(width, shown):
    state = watching(order(filled="33.339999"))
    assert cells(state, "LIVE", size=(width, 40))[2] == shown


def test_columns_do_not_move_with_what_is_in_them():
    states = (watching(order()), watching(order(filled="10"), trade(status="CONFIRMED")))
    starts = {line.index("LIVE") for state in states for line in draw(state) if "LIVE" in line}
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("space", "wanted", "rows"),
    [
        (30, Rows(3, 2, 4), Rows(3, 2, 4)),
        (12, Rows(100, 100, 100), Rows(7, 1, 4)),
        (12, Rows(100, 0, 0), Rows(12, 0, 0)),
        (12, Rows(0, 0, 100), Rows(0, 0, 12)),
        (12, Rows(2, 100, 3), Rows(2, 7, 3)),
        (1, Rows(5, 5, 5), Rows(1, 0, 0)),
        (-3, Rows(5, 5, 5), Rows(0, 0, 0)),
    ],
)
def test_lines_are_shared_with_open_orders_first(space, wanted, rows):
    assert plan_rows(space, wanted) == rows
