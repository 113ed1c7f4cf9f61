from decimal import Decimal

import attrs
import pytest

from polymarket_realtime._codec.describe import describe, short_id
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
from polymarket_realtime._model.account_feed import Incomplete, Reconciled
from polymarket_realtime._model.catalog import AssetName
from polymarket_realtime._model.events import Event, UnknownEvent
from polymarket_realtime._model.trust import AssetState, Proof
from polymarket_realtime._model.values import Level, Side, WireLevel

YES = "123456" + "0" * 67 + "9876"
MARKET = "0x" + "c0" * 32
HEAD = {
    "received": 0.0,
    "asset_id": YES,
    "market": MARKET,
    "timestamp_ms": 0,
    "epoch": 1,
    "revision": 1,
}
WHOLE = {"received": 0.0, "market": MARKET, "asset_ids": (YES,), "timestamp_ms": 0}
CONNECTION = {"received": 0.0, "connection": "market#0", "asset_ids": (YES, "2")}
PRICE = market.PriceChangeEvent(
    **HEAD,
    price=Decimal("0.45"),
    price_source=market.PriceSource.MIDPOINT,
    best_bid=Decimal("0.40"),
    best_ask=Decimal("0.50"),
    last_trade_price=None,
    change=Decimal("-0.05"),
)
OWN = {
    "received": 0.0,
    "asset_id": YES,
    "market": MARKET,
    "outcome": "Yes",
    "timestamp_ms": None,
    "source": user.UpdateSource.STREAM,
    "revision": 1,
    "side": Side.BUY,
    "price": Decimal("0.4"),
}
ORDER = user.OrderUpdate(
    **OWN,
    order_id="0x" + "ab" * 32,
    status="LIVE",
    original_size=Decimal(10),
    filled_size=Decimal("2.5"),
    action=None,
    order_type=None,
    created_at=None,
    expires_at=None,
)
TRADE = user.TradeUpdate(
    **OWN,
    trade_id="83b5c849-620e-4c23-b63b-2e779c04a6e7",
    order_id=ORDER.order_id,
    role=user.TradeRole.MAKER,
    status="MINED",
    size=Decimal("2.5"),
    fee_rate_bps=None,
    taker_order_id="0x1",
    transaction_hash=None,
    bucket_index=None,
    matched_at=None,
)
RECONCILED = Reconciled(
    received=9.5,
    connection="user#0",
    open_orders=3,
    found_orders=1,
    found_trades=2,
    incomplete_since=7.0,
)
LOST = feed.StateChanged(
    received=0.0,
    asset_id=YES,
    state=AssetState.OUT_OF_SYNC,
    before=AssetState.LIVE,
    reason="crossed",
)
RESYNCED = feed.Resynced(received=3.0, asset_id=YES, market=MARKET, epoch=2, out_of_sync_since=0.5)
NAME = AssetName(question="Will\n?", outcome="Yes", slug="will")
LEVEL = Level(Decimal("0.4"), Decimal(3))

LIVE = {"received": 0.0, "timestamp_ms": 0}

CROSSING = condition.ConditionMet(
    received=0.0,
    when=condition.When.PRICE_CROSSES,
    condition="price crosses above 0.60",
    subject=YES,
    value=Decimal("0.61"),
    before=Decimal("0.59"),
)
LINES = [
    (PRICE, "price 123456…9876 0.45 (-0.05) bid 0.40 ask 0.50 last - [midpoint]"),
    (
        attrs.evolve(PRICE, change=None, last_trade_price=Decimal("1E-3"), best_bid=None),
        "price 123456…9876 0.45 bid - ask 0.50 last 0.001 [midpoint]",
    ),
    (
        attrs.evolve(PRICE, change=Decimal("0.00")),
        "price 123456…9876 0.45 bid 0.40 ask 0.50 last - [midpoint]",
    ),
    (
        market.OrderbookUpdate(**HEAD, bids=(LEVEL, LEVEL), asks=()),
        "book 123456…9876 bid 0.4 ask - spread -, 2 bid and 0 ask levels",
    ),
    (
        market.BookSnapshot(**HEAD, wire_bids=(WireLevel("0.4", "1"),), wire_asks=()),
        "snapshot 123456…9876 1 bid and 0 ask levels",
    ),
    (
        market.BookDelta(**HEAD, wire_changes=(("BUY", "0.4", "0"), ("SELL", "0.6", "7"))),
        "delta 123456…9876 BUY 0.4 to 0, SELL 0.6 to 7",
    ),
    (
        market.LastTradePrice(**HEAD, price=Decimal("0.4"), size=Decimal("2.5"), side=Side.SELL),
        "trade 123456…9876 SELL 2.5 at 0.4",
    ),
    (
        market.TickSizeChange(**HEAD, old_tick_size=Decimal("0.01"), new_tick_size=Decimal("1E-3")),
        "tick size 123456…9876 from 0.01 to 0.001",
    ),
    (
        market.BestBidAsk(**HEAD, best_bid=Decimal("0.4"), best_ask=None, spread=None),
        "hint 123456…9876 bid 0.4 ask -",
    ),
    (
        lifecycle.MarketCreated(**WHOLE, outcomes=("Yes", "No"), question="Will it?\n", slug="s"),
        r"new market 'Will it?\n' (Yes, No)",
    ),
    (
        lifecycle.MarketResolved(**WHOLE, winning_asset_id=YES, winning_outcome="Yes"),
        "market 0xc0c0…c0c0 resolved: 'Yes' [socket]",
    ),
    (
        lifecycle.MarketResolved(
            **WHOLE,
            winning_asset_id=None,
            winning_outcome=None,
            question="Will\n?",
            source=lifecycle.ResolutionSource.POLL,
        ),
        r"market 'Will\n?' resolved: a split [poll]",
    ),
    (
        lifecycle.ResolutionStatus(
            **WHOLE, stage=lifecycle.ResolutionStage.DISPUTED, question="Will?"
        ),
        "market 'Will?' is disputed",
    ),
    (
        lifecycle.EventPrices(
            received=0.0,
            event="e",
            title="The\nevent",
            outcomes=(
                lifecycle.EventPrice(label="A", asset_id=YES, price=Decimal("0.4")),
                lifecycle.EventPrice(label="B", asset_id=YES, price=None),
            ),
        ),
        r"event 'The\nevent': A 0.4, B -; sum -",
    ),
    (
        live.ActivityTrade(
            **LIVE,
            asset_id=YES,
            market=MARKET,
            question="Will?",
            outcome="Yes",
            slug="s",
            event_slug="e",
            side=Side.BUY,
            price=Decimal("0.4"),
            size=Decimal("2.5"),
            wallet="0x" + "ab" * 20,
            trader=None,
            transaction_hash="0x1",
        ),
        "0xabab…abab BUY 2.5 'Yes' at 0.4 in 'Will?'",
    ),
    (
        live.Comment(
            **LIVE,
            action=live.ChangeAction.CREATED,
            comment_id="7",
            body="well",
            parent_type="Event",
            parent_id="18",
            reply_to=None,
            wallet="0x" + "ab" * 20,
            author="Somebody",
        ),
        "comment created by Somebody on Event 18: well",
    ),
    (
        live.Reaction(
            **LIVE,
            action=live.ChangeAction.REMOVED,
            reaction_id="8",
            comment_id="7",
            kind="HEART",
            wallet="0x1",
        ),
        "reaction HEART removed on comment 7",
    ),
    (
        live.SportResult(
            **LIVE,
            game_id="9",
            league="kor",
            home_team="Home FC",
            away_team="Away FC",
            score="2-1",
            period="2H",
            status="InProgress",
            elapsed="74",
            live=True,
            ended=False,
        ),
        "kor Home FC v Away FC: 2-1 2H [74]",
    ),
    (
        live.ReferencePrice(
            **LIVE,
            stream=live.PriceStream(live.PriceKind.CRYPTO, "btcusd", 60),
            price=Decimal("78803.7"),
            backfilled=True,
        ),
        "btcusd 60 s average 78803.7 [backfilled]",
    ),
    (
        feed.Gap(received=3.0, feed="rtds", stream="activity", reason="cut", gap_since=0.5),
        "GAP activity of 2.50 s, an unknown number of its events missing: cut",
    ),
    (
        feed.Gap(
            received=3.0, feed="prices", stream="crypto:btcusd", reason="r", gap_since=3.0, missed=4
        ),
        "GAP crypto:btcusd of 0.00 s, 4 of its events missing: r",
    ),
    (
        feed.Gap(
            received=3.0,
            feed="prices",
            stream="crypto:btcusd",
            reason="cut",
            gap_since=1.0,
            missed=0,
            filled=True,
        ),
        "GAP crypto:btcusd of 2.00 s, nothing is missing: cut",
    ),
    (
        feed.StreamGone(
            received=0.0, feed="rtds", stream="comments", reason="not found", instead=None
        ),
        "GONE comments: not found",
    ),
    (
        feed.StreamGone(received=0.0, feed="f", stream="s", reason="r", instead="use another"),
        "GONE s: r; use another",
    ),
    (
        UnknownEvent(received=0.0, event_type="new\n", asset_id=None, fields={}),
        r"unknown event 'new\n'",
    ),
    (feed.Connected(**CONNECTION, attempt=1), "connected market#0, 2 assets"),
    (
        feed.Interrupted(**CONNECTION, reason="dropped", retry_in=1.26),
        "INTERRUPTED market#0: dropped; redial in 1.3 s",
    ),
    (
        feed.Interrupted(**CONNECTION, reason="resolved", retry_in=None),
        "INTERRUPTED market#0: resolved; no redial",
    ),
    (LOST, "OUT OF SYNC 123456…9876: crossed"),
    (attrs.evolve(LOST, about=NAME), r"OUT OF SYNC 123456…9876 'Yes' in 'Will\n?': crossed"),
    (
        attrs.evolve(LOST, state=AssetState.LIVE, before=LOST.state, reason=""),
        "live 123456…9876",
    ),
    (
        attrs.evolve(LOST, state=AssetState.QUIET, reason="silent for 60 s; REST agrees"),
        "quiet 123456…9876: silent for 60 s; REST agrees",
    ),
    (
        attrs.evolve(LOST, state=AssetState.SUSPECT, reason="silent for 60 s"),
        "SUSPECT 123456…9876: silent for 60 s",
    ),
    (
        feed.Gap(received=3.0, feed="market", asset_ids=(YES,), reason="cut", gap_since=0.5),
        "GAP 123456…9876 of 2.50 s, its result is in the books that follow: cut",
    ),
    (
        feed.Gap(received=3.0, feed="market", asset_ids=(YES, "2"), reason="cut", gap_since=0.5),
        "GAP 2 books of 2.50 s, its result is in the books that follow: cut",
    ),
    (RESYNCED, "resynced 123456…9876 after 2.50 s, epoch 2, by snapshot"),
    (
        attrs.evolve(RESYNCED, verified_by=Proof.REST),
        "resynced 123456…9876 after 2.50 s, epoch 2, by rest",
    ),
    (ORDER, "order 0xabab…abab LIVE BUY 10 of 123456…9876 'Yes' at 0.4, 2.5 filled"),
    (
        TRADE,
        (
            "own trade 83b5c8…a6e7 MINED BUY 2.5 of 123456…9876 'Yes' at 0.4, "
            "order 0xabab…abab [maker]"
        ),
    ),
    (
        attrs.evolve(TRADE, order_id=None, role=None),
        "own trade 83b5c8…a6e7 MINED BUY 2.5 of 123456…9876 'Yes' at 0.4, order - [-]",
    ),
    (
        Incomplete(received=0.0, reason="HTTP 500"),
        "INCOMPLETE: HTTP 500",
    ),
    (
        RECONCILED,
        "reconciled user#0 after 2.50 s, 3 open orders, 1 orders and 2 trades found",
    ),
    (
        CROSSING,
        "ALERT 123456…9876: price crosses above 0.60, now 0.61, before 0.59",
    ),
    (
        attrs.evolve(CROSSING, about=NAME, before=None, already=True),
        r"ALERT 'Yes' in 'Will\n?': price crosses above 0.60, now 0.61 [already]",
    ),
    (
        attrs.evolve(CROSSING, condition="market resolved", value=None, before=None),
        "ALERT 123456…9876: market resolved",
    ),
    (feed.Dropped(received=0.0, count=9), "DROPPED 9 events: the reader was too slow"),
]


@pytest.mark.parametrize(("event", "line"), LINES, ids=lambda value: type(value).__name__)
def test_an_event_is_one_line(event, line):
    assert describe(event) == line
    assert "\n" not in line


def test_every_kind_of_event_has_a_line_of_its_own():
    described = {type(event) for event, _ in LINES}
    kinds = {
        cls
        for module in (*(market, lifecycle, live, feed, account_feed, events, user, condition),)
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, Event) and "type" in vars(cls)
    }
    assert described == kinds


@pytest.mark.parametrize(
    ("identifier", "short"), [("", ""), ("12345678901", "12345678901"), (YES, "123456…9876")]
)
def test_only_long_ids_are_cut(identifier, short):
    assert short_id(identifier) == short
