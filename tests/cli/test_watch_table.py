"""The table of `watch`, without a terminal."""

import io
import re
from decimal import Decimal

import attrs
import pytest
from rich.console import Console

from levels_in_words import levels
from polymarket_realtime import (
    AssetId,
    AssetName,
    AssetState,
    BookSnapshot,
    ConditionId,
    Connected,
    EventPrice,
    EventPrices,
    Found,
    Interrupted,
    LastTradePrice,
    Market,
    MarketCreated,
    MarketGroup,
    MarketResolved,
    Outcome,
    PriceChangeEvent,
    ResolvedAsset,
    Side,
    StateChanged,
)
from polymarket_realtime.cli.watch_state import WatchState
from polymarket_realtime.cli.watch_table import draw_table

YES, NO, OTHER = (AssetId(digit * 77) for digit in "123")
MARKET = ConditionId("0x" + "ab" * 32)
QUESTION = "Will the question of this market be far too long for a terminal of 80 columns?"
NOW = 1_000_000.0


def asset(asset_id=YES, **more):
    names = {"question": QUESTION, "outcome": "Yes"} | more
    return ResolvedAsset(input=asset_id, asset_id=asset_id, condition_id=MARKET, **names)


def about(cls, asset_id=YES, *, received=NOW, **more):
    return cls(
        received=received,
        asset_id=asset_id,
        market=MARKET,
        timestamp_ms=int(received * 1000),
        epoch=1,
        revision=1,
        **more,
    )


def snapshot(asset_id=YES, bid="0.4", ask="0.42", **more):
    bids = ((bid, "10"),) if bid else ()
    asks = ((ask, "10"),) if ask else ()
    return about(BookSnapshot, asset_id, wire_bids=levels(*bids), wire_asks=levels(*asks), **more)


def price(bid, ask, last=None, **more):
    return about(
        PriceChangeEvent,
        price=Decimal("0.5"),
        best_bid=bid and Decimal(bid),
        best_ask=ask and Decimal(ask),
        last_trade_price=last and Decimal(last),
        **more,
    )


def connected(*asset_ids):
    return Connected(received=NOW, connection="market#0", asset_ids=asset_ids, attempt=1)


def interrupted(*asset_ids, retry_in=3.0, reason="the network is gone"):
    return Interrupted(
        received=NOW,
        connection="market#0",
        asset_ids=asset_ids,
        reason=reason,
        retry_in=retry_in,
    )


def entered(state, reason="", asset_id=YES):
    return StateChanged(
        received=NOW, asset_id=asset_id, state=state, before=AssetState.LIVE, reason=reason
    )


def lost(*asset_ids, reason="the network is gone", **more):
    """What is told of a lost connection, in order."""
    states = (entered(AssetState.OUT_OF_SYNC, reason, each) for each in asset_ids)
    return interrupted(*asset_ids, reason=reason, **more), *states


def resolved(*asset_ids, outcome="Yes"):
    return MarketResolved(
        received=NOW,
        market=MARKET,
        asset_ids=asset_ids,
        timestamp_ms=0,
        winning_asset_id=asset_ids[0] if outcome else None,
        winning_outcome=outcome,
    )


def watching(*events, assets=None, found=None):
    assets = [asset()] if assets is None else assets
    state = WatchState(Found(assets=tuple(assets)) if found is None else found)
    for event in events:
        state.take(event)
    return state


def draw(state, *, now=NOW, width=80, height=24):
    """The lines that a terminal of this size would show."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(draw_table(state, now, "wss://venue.example/ws/market", (width, height)))
    return console.file.getvalue().splitlines()


def cells(state, **more):
    """The words of the first row after its outcome."""
    row = next(line for line in draw(state, **more) if " Yes " in line)
    return row.partition(" Yes ")[2].split()


def test_a_row_says_nothing_before_the_first_snapshot():
    assert cells(watching()) == ["-", "-", "-", "-", "connecting", "-"]


def test_a_snapshot_makes_a_row_live_with_the_top_of_its_book():
    assert cells(watching(connected(YES), snapshot())) == [
        *("0.40", "0.42", "0.02", "-"),
        *("live", "0", "s"),
    ]


def test_prices_and_trades_move_the_row():
    state = watching(snapshot(), price("0.41", "0.43", "0.42"))
    assert cells(state)[:4] == ["0.41", "0.43", "0.02", "0.42"]
    trade = about(LastTradePrice, price=Decimal("0.43"), size=Decimal(5), side=Side.BUY)
    state.take(trade)
    assert cells(state)[3] == "0.43"


def test_a_price_without_a_trade_keeps_the_last_trade_that_is_known():
    state = watching(price("0.41", "0.43", "0.42"), price("0.41", "0.44"))
    assert cells(state)[:4] == ["0.41", "0.44", "0.03", "0.42"]


@pytest.mark.parametrize(
    ("bid", "ask", "shown"),
    [
        (None, "0.02", ["-", "0.02", "-"]),
        ("0.98", None, ["0.98", "-", "-"]),
        (None, None, ["-", "-", "-"]),
        ("0.019", "0.02", ["0.019", "0.020", "0.001"]),
        ("0.9995", "0.9996", ["0.9995", "0.9996", "0.0001"]),
    ],
)
def test_prices_of_a_row_have_the_decimals_of_its_finest(bid, ask, shown):
    assert cells(watching(price(bid, ask)))[:3] == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.9, "0 s"), (59, "59 s"), (60, "1 m"), (3599, "59 m"), (7200, "2 h"), (-5, "0 s")],
)
def test_the_age_is_the_time_since_the_venue_last_spoke_of_the_token(seconds, shown):
    state = watching(snapshot())
    assert " ".join(cells(state, now=NOW + seconds)[5:]) == shown


def test_only_the_venue_makes_a_row_young():
    state = watching(snapshot(received=NOW - 30), interrupted(YES), connected(YES))
    assert cells(state)[-2:] == ["30", "s"]


def test_an_interruption_counts_down_to_the_next_dial_and_keeps_the_old_prices():
    state = watching(snapshot(), *lost(YES, retry_in=3.0))
    assert cells(state)[:2] == ["0.40", "0.42"]
    assert cells(state)[4:7] == ["retry", "3", "s"]
    assert cells(state, now=NOW + 2.5)[4:7] == ["retry", "1", "s"]
    assert cells(state, now=NOW + 3.1)[4] == "dialling"
    state.take(connected(YES))
    assert cells(state, now=NOW + 3.1)[4:7] == ["out", "of", "sync"]
    state.take(entered(AssetState.RESYNCING, "its book has been asked for"))
    assert cells(state, now=NOW + 3.1)[4] == "resyncing"


def test_a_connection_that_could_not_be_had_counts_down_as_well():
    assert cells(watching(interrupted(YES, retry_in=3.0)))[4:7] == ["retry", "3", "s"]


def test_an_interruption_without_another_dial_is_only_a_state():
    state = watching(snapshot(), *lost(YES, retry_in=None))
    assert cells(state)[4:7] == ["out", "of", "sync"]
    assert "out of sync: the network is gone (1 of 1)" in draw(state)


def test_a_book_that_another_connection_carries_is_not_dialled_for():
    state = watching(snapshot(), *lost(YES), entered(AssetState.LIVE))
    assert cells(state)[4] == "live"


@pytest.mark.parametrize("asset_state", AssetState)
def test_a_row_has_the_state_of_its_token(asset_state):
    state = watching(snapshot(), entered(asset_state, "because"))
    assert state.rows[YES].state is asset_state
    calm = {AssetState.LIVE, AssetState.QUIET, AssetState.RESOLVED}
    assert any("because (1 of 1)" in line for line in draw(state)) == (asset_state not in calm)
    word = "because" if asset_state is AssetState.RESOLVED else asset_state.split("_")[0]
    assert cells(state)[4] == word
    state.take(entered(AssetState.LIVE))
    assert (cells(state)[4] == "live") == (asset_state is not AssetState.RESOLVED)


@pytest.mark.parametrize("asset_state", AssetState)
def test_only_what_may_be_acted_on_is_bright(asset_state):
    console = Console(file=io.StringIO(), width=80, color_system="truecolor", force_terminal=True)
    state = watching(snapshot(), entered(asset_state, "because"))
    console.print(draw_table(state, NOW, "wss://venue.example", (80, 24)))
    row = next(line for line in console.file.getvalue().splitlines() if "Yes" in line)
    dim = re.search(r"\x1b\[2m[^\x1b]*0\.40", row) is not None
    assert dim == (asset_state not in {AssetState.LIVE, AssetState.QUIET})


def test_a_book_shows_its_state_with_it():
    state = watching(entered(AssetState.OUT_OF_SYNC, "crossed"), snapshot(state=AssetState.SUSPECT))
    assert state.rows[YES].state is AssetState.SUSPECT


def test_a_resolved_market_has_no_book_any_more_and_stays_resolved():
    state = watching(snapshot(), resolved(YES), entered(AssetState.RESOLVED, "it is settled"))
    for event in lost(YES, retry_in=None):
        state.take(event)
    assert cells(state)[:3] == ["-", "-", "-"]
    assert cells(state)[4:6] == ["won:", "Yes"]


def test_a_settlement_without_a_winner_is_a_split():
    assert cells(watching(resolved(YES, NO, outcome=None)))[4] == "split"


def test_the_last_line_says_whether_more_can_come():
    state = watching(resolved(YES, NO))
    assert draw(state)[-1].endswith("Ctrl-C ends it.")
    state.over = True
    assert draw(state)[-1].endswith("All of it is settled.")


def test_events_of_other_tokens_are_left_alone():
    before = watching(snapshot())
    after = watching(snapshot(), snapshot(OTHER), interrupted(OTHER), resolved(OTHER, NO))
    assert attrs.asdict(before.rows[YES]) == attrs.asdict(after.rows[YES])


def test_a_trouble_of_several_tokens_is_told_once():
    assets = [asset(), asset(NO, outcome="No"), asset(OTHER, outcome="Maybe")]
    state = watching(snapshot(OTHER), *lost(YES, NO), assets=assets)
    told = [line for line in draw(state) if "the network is gone" in line]
    assert told == ["out of sync, retry in 3 s: the network is gone (2 of 3)"]
    assert "out of sync, dialling: the network" in "".join(draw(state, now=NOW + 4))


def test_a_token_without_a_name_is_shown_by_the_ends_of_its_id():
    state = watching(assets=[asset(question=None, outcome=None)])
    assert any(line.startswith(" 111111…1111 ") for line in draw(state))
    about = AssetName(question=QUESTION, outcome="Yes", slug="a-slug")
    state.take(snapshot(about=about))
    assert any(line.startswith(" Will the question") and " Yes " in line for line in draw(state))


def test_the_venue_cannot_steer_the_terminal():
    nasty = "\x1b]0;title\x07\x9b2J\u202eyes\r\n"
    assets = [asset(question=nasty, outcome=nasty), asset(NO, question=nasty)]
    state = watching(interrupted(YES, reason=nasty), resolved(NO), assets=assets)
    shown = "".join(draw(state))
    assert "]0;title" in shown
    assert shown.isprintable()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_every_row_is_one_line_however_narrow_the_terminal_is(width):
    assets = [asset(), asset(NO, outcome="An outcome with a long name")]
    state = watching(snapshot(), resolved(NO), assets=assets)
    lines = draw(state, width=width)
    assert max(map(len, lines)) <= min(width, 160)
    assert sum(line.startswith(" W") for line in lines) == 2
    assert any("0.40  0.42  0.02" in line for line in lines)


def test_columns_do_not_move_when_prices_change():
    starts = [
        line.index("live")
        for state in (watching(snapshot()), watching(snapshot(), price("0.4", None, "0.4")))
        for line in draw(state)
        if "live" in line
    ]
    assert starts[0] == starts[1]


# Events of the venue


def candidate(number, name):
    """A market of the election: its tokens are named after its number."""
    return Market(
        condition_id=ConditionId(f"0x{number:064x}"),
        question=f"Will {name} win the election, of which there is a lot to say in its name?",
        slug=f"will-{name}-win",
        label=name,
        outcomes=(Outcome(AssetId(f"{number}1"), "Yes"), Outcome(AssetId(f"{number}2"), "No")),
    )


def election(*names):
    """What the slug of an event with these candidates stands for."""
    markets = tuple(candidate(number, name) for number, name in enumerate(names, start=10))
    group = MarketGroup(id="1", slug="the-election", title="The election", markets=markets)
    assets = (
        ResolvedAsset(
            input="the-election",
            asset_id=outcome.asset_id,
            condition_id=each.condition_id,
            question=each.question,
            outcome=outcome.name,
            event="the-election",
        )
        for each in markets
        for outcome in each.outcomes
    )
    return Found(assets=tuple(assets), markets=markets, groups=(group,))


def prices(*amounts):
    lines = (
        EventPrice(label=str(n), asset_id=AssetId(str(n)), price=amount and Decimal(amount))
        for n, amount in enumerate(amounts)
    )
    return EventPrices(
        received=NOW, event="the-election", title="The election", outcomes=tuple(lines)
    )


def created(number, name, event="the-election"):
    new = candidate(number, name)
    return MarketCreated(
        received=NOW,
        market=new.condition_id,
        asset_ids=new.asset_ids,
        timestamp_ms=0,
        outcomes=("Yes", "No"),
        question=new.question,
        slug=new.slug,
        label=new.label,
        event_slug=event,
    )


def names(state, **more):
    """What is in the first two columns."""
    rows = (re.match(r" (\S.*?) +(Yes|No) ", line) for line in draw(state, **more))
    return [row.groups() for row in rows if row]


def test_of_each_market_of_an_event_the_first_outcome_is_shown_by_the_label():
    state = watching(found=election("Ada", "Bea"))
    assert names(state) == [("Ada", "Yes"), ("Bea", "Yes")]


def test_of_an_event_with_one_market_both_outcomes_are_shown_by_the_question():
    shown = names(watching(found=election("Ada")))
    assert [outcome for _, outcome in shown] == ["Yes", "No"]
    assert all(name.startswith("Will Ada win the election") for name, _ in shown)


def test_a_token_that_was_named_beside_its_event_is_shown_as_well():
    found = election("Ada", "Bea")
    token = attrs.evolve(found.assets[1], input=found.assets[1].asset_id)
    shown = names(watching(found=attrs.evolve(found, assets=(*found.assets, token))))
    assert [outcome for _, outcome in shown] == ["Yes", "Yes", "No"]


@pytest.mark.parametrize(
    ("events", "total"),
    [
        ((), "-"),
        ((prices("0.4", "0.58"),), "0.98"),
        ((prices("0.4", "0.58"), prices("0.4", None)), "-"),
    ],
)
def test_the_sum_of_an_events_prices_is_told_below_the_table(events, total):
    lines = draw(watching(*events, found=election("Ada", "Bea")))
    assert lines[-2].rstrip() == f"The election: prices sum to {total}"


def test_a_market_that_joins_the_event_gets_a_row_once():
    state = watching(created(20, "Cleo"), created(20, "Cleo"), found=election("Ada", "Bea"))
    assert names(state) == [("Ada", "Yes"), ("Bea", "Yes"), ("Cleo", "Yes")]
    state.take(snapshot(AssetId("201")))
    assert any("Cleo" in line and "0.40" in line for line in draw(state))


@pytest.mark.parametrize("event", [None, "another"])
def test_a_market_of_another_event_gets_no_row(event):
    state = watching(created(20, "Cleo", event=event), found=election("Ada", "Bea"))
    assert len(state.rows) == 2


def test_a_settled_market_keeps_its_row_beside_those_that_move():
    state = watching(resolved(AssetId("101"), outcome="No"), found=election("Ada", "Bea"))
    assert [line for line in draw(state) if "Ada" in line and "won: No" in line]
    assert state.rows[AssetId("111")].state is AssetState.CONNECTING


@pytest.mark.parametrize("height", [8, 12, 24, 40])
def test_the_view_fits_the_terminal_and_says_what_does_not(height):
    found = election(*(f"Candidate {n}" for n in range(30)))
    state = watching(resolved(AssetId("101")), prices("0.4"), found=found)
    lines = draw(state, height=height)
    # The last line is the cursor's.
    assert len(lines) < max(height, 9)
    hidden = 30 - len(names(state, height=height))
    told = [line for line in lines if "do not fit" in line]
    assert told[:1] == ([f"{hidden} more rows do not fit into this terminal"] if hidden else [])
    # What is settled makes room first.
    assert any("Candidate 0 " in line for line in lines) == (not hidden)
