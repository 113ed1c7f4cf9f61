import json
from collections import Counter
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_client import Keeper, mirrored, sha1_of_book

from polymarket_realtime.errors import MarketNotFound
from polymarket_realtime.sandbox import Exchange
from polymarket_realtime.sandbox.books import parse_price, parse_size, show_price, show_size
from polymarket_realtime.sandbox.markets import ANNOUNCED, CLIMBER, SHORT_LIVED


@attrs.define
class Stage:
    """An exchange whose clock moves an eighth of a second per step, and all that it has said."""

    exchange: Exchange
    heard: list
    now: float = 1_791_000_000.0

    def clock(self):
        return self.now

    def steps(self, count):
        """Make steps; the frames that they caused."""
        start = len(self.heard)
        for _ in range(count):
            self.now += 0.125
            self.exchange.step()
        return self.said(start)

    def said(self, start=0):
        return [json.loads(frame.text) for frame in self.heard[start:]]


def make_stage(seed=7, **options):
    heard = []
    stage = Stage(None, heard)
    stage.exchange = Exchange(seed, heard.append, lambda: stage.now, **options)
    return stage


@pytest.fixture
def stage():
    return make_stage()


@pytest.fixture
def market(stage):
    """A market with known levels: bids 0.49, asks 0.52 and 0.53 for its first token."""
    market = stage.exchange.create_market("Will it rain tomorrow?")
    for outcome in (0, 1):
        for price in list(market.book.view(outcome).bids):
            stage.exchange.cancel(market.token_ids[outcome], "BUY", show_price(price))
    token = market.token_ids[0]
    for side, price, size in (
        ("BUY", "0.49", "100"),
        ("SELL", "0.52", "40"),
        ("SELL", "0.53", "60"),
    ):
        stage.exchange.place(token, side, price, size)
    stage.heard.clear()
    return market


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 300), account_acts=st.booleans())
def test_any_flow_keeps_books_that_a_client_can_follow(seed, steps, account_acts):
    stage = make_stage(seed, account_acts=account_acts)
    keeper = Keeper()
    for market in stage.exchange.markets:
        open_books(stage.exchange, keeper, market.token_ids)
    for _ in range(steps):
        last_said = {}
        for frame in stage.steps(1):
            if frame["event_type"] == "new_market":
                open_books(stage.exchange, keeper, frame["assets_ids"])
            last_said |= dict.fromkeys(keeper.apply(frame), frame)
        for token, frame in last_said.items():
            assert_hash_and_top(stage.exchange, keeper, token, frame)
        for market in stage.exchange.markets:
            assert_mirrored(keeper, market.token_ids)
    for market in stage.exchange.markets:
        for token in market.token_ids:
            book = stage.exchange.book(token) or {"bids": [], "asks": []}
            assert keeper.sides(token) == (book["bids"], book["asks"])


def open_books(exchange, keeper, tokens):
    for token in tokens:
        keeper.apply(exchange.opening_book(token))


def assert_mirrored(keeper, tokens):
    (bids, asks), (other_bids, other_asks) = (keeper.sides(token) for token in tokens)
    assert other_asks == mirrored(bids)
    assert other_bids == mirrored(asks)
    if bids and asks:
        assert Decimal(bids[-1]["price"]) < Decimal(asks[-1]["price"])


def assert_hash_and_top(exchange, keeper, token, frame):
    book = exchange.book(token)
    said = next((e for e in frame.get("price_changes", [])[::-1] if e["asset_id"] == token), frame)
    if "best_bid" in said:
        assert (said["best_bid"], said["best_ask"]) == keeper.top(token)
    if book is None:
        return
    bids, asks = keeper.sides(token)
    assert said["hash"] == sha1_of_book(
        frame["market"],
        token,
        frame["timestamp"],
        bids,
        asks,
        book["tick_size"],
        book["neg_risk"],
        book["last_trade_price"],
    )


def test_one_seed_gives_one_flow_whatever_the_time():
    first, second = make_stage(3), make_stage(3)
    second.now += 12_345.6

    def timeless(frames):
        return [
            {k: v for k, v in frame.items() if k not in {"timestamp", "hash", "price_changes"}}
            | {
                "levels": [
                    {k: v for k, v in e.items() if k != "hash"}
                    for e in frame.get("price_changes", [])
                ]
            }
            for frame in frames
        ]

    assert timeless(first.steps(300)) == timeless(second.steps(300))


def test_other_seeds_give_other_ids_and_other_flows():
    first, second = make_stage(3), make_stage(4)
    tokens = [
        {token for market in stage.exchange.markets for token in market.token_ids}
        for stage in (first, second)
    ]
    assert tokens[0].isdisjoint(tokens[1])
    assert len(first.steps(50)) != len(second.steps(50)) or first.said() != second.said()


def test_ids_look_like_the_venues(stage):
    for market in stage.exchange.markets:
        assert len(market.condition_id) == 66
        assert int(market.condition_id, 16) > 0
        for token in market.token_ids:
            assert len(token) in {77, 78}
            assert int(token) < 2**256


def test_the_markets_are_of_every_kind(stage):
    markets = stage.exchange.markets
    grouped = Counter(market.event for market in markets)
    assert any(event.neg_risk and count >= 3 for event, count in grouped.items())
    assert {market.outcomes for market in markets} == {("Yes", "No"), ("Up", "Down")}
    assert {show_price(market.book.tick) for market in markets} == {"0.01", "0.001"}
    assert 12 <= sum(len(market.token_ids) for market in markets) <= 16


def test_prices_of_one_event_sum_to_about_one(stage):
    parties = [market for market in stage.exchange.markets if market.event.neg_risk]
    for _ in range(40):
        stage.steps(20)
        assert 0.8 <= sum(market.book.middle for market in parties) / 10_000 <= 1.2


def test_the_top_of_some_book_changes_several_times_a_second(stage):
    stage.steps(8)
    for _ in range(10):
        frames = stage.steps(40)  # five seconds at the default rate
        instants = {f["timestamp"] for f in frames if f["event_type"] == "best_bid_ask"}
        assert len(instants) >= 10


def test_every_change_carries_its_mirror_image(stage):
    changes = [f for f in stage.steps(200) if f["event_type"] == "price_change"]
    for frame in changes:
        entries = frame["price_changes"]
        for own, other in zip(entries[::2], entries[1::2], strict=True):
            assert own["asset_id"] != other["asset_id"]
            assert {own["side"], other["side"]} == {"BUY", "SELL"}
            assert Decimal(own["price"]) + Decimal(other["price"]) == 1
            assert own["size"] == other["size"]


def test_changes_of_one_instant_share_the_final_hash(stage):
    hashes = {}
    bursts = Counter()
    for frame in stage.steps(200):
        if frame["event_type"] == "price_change":
            for entry in frame["price_changes"]:
                key = entry["asset_id"], frame["timestamp"]
                assert hashes.setdefault(key, entry["hash"]) == entry["hash"]
                bursts[key] += 1
    assert max(bursts.values()) > 1


def test_a_trade_says_changes_then_print_then_both_books(stage, market):
    token, other = market.token_ids
    stage.exchange.trade(token, "BUY", "50.123456")
    frames = stage.said()
    assert [frame["event_type"] for frame in frames] == [
        "best_bid_ask",
        "best_bid_ask",
        "price_change",
        "price_change",
        "last_trade_price",
        "book",
        "book",
    ]
    first, second, trade = frames[2], frames[3], frames[4]
    assert (first["price_changes"][0]["price"], first["price_changes"][0]["size"]) == ("0.52", "0")
    assert second["price_changes"][0]["size"] == "49.876544"
    assert first["timestamp"] == second["timestamp"] < trade["timestamp"]
    assert {k: trade[k] for k in ("asset_id", "price", "size", "side")} == {
        "asset_id": token,
        "price": "0.53",
        "size": "50.123456",
        "side": "BUY",
    }
    assert [book["asset_id"] for book in frames[5:]] == [token, other]
    for book in frames[5:]:
        assert "tick_size" not in book
        assert "last_trade_price" not in book
    # Market-wide: both tokens show the print on either.
    assert stage.exchange.book(other)["last_trade_price"] == "0.530"
    assert stage.exchange.book(token)["last_trade_price"] == "0.530"


def test_the_top_is_announced_before_its_cause_and_stamped_after_it(stage, market):
    stage.exchange.place(market.token_ids[0], "BUY", "0.5", "10")
    hint, mirror, cause = stage.said()
    assert hint["event_type"] == mirror["event_type"] == "best_bid_ask"
    assert (hint["best_bid"], hint["best_ask"], hint["spread"]) == ("0.5", "0.52", "0.02")
    assert (mirror["best_bid"], mirror["best_ask"]) == ("0.48", "0.5")
    assert int(hint["timestamp"]) == int(cause["timestamp"]) + 1


def test_an_empty_side_is_empty_in_the_hint_and_an_end_of_the_scale_in_the_change(stage, market):
    stage.exchange.cancel(market.token_ids[0], "BUY", "0.49")
    hint, _, cause = stage.said()
    assert (hint["best_bid"], hint["best_ask"], hint["spread"]) == ("", "0.52", "")
    assert [entry["best_bid"] for entry in cause["price_changes"]] == ["0", "0.48"]
    assert cause["price_changes"][1]["best_ask"] == "1"


def test_a_change_below_the_top_announces_no_top(stage, market):
    stage.exchange.place(market.token_ids[0], "BUY", "0.3", "10")
    assert [frame["event_type"] for frame in stage.said()] == ["price_change"]


def test_an_order_adds_to_its_level_and_a_cancellation_takes_away(stage, market):
    token = market.token_ids[1]
    stage.exchange.place(token, "SELL", "0.51", "5.5")
    stage.exchange.cancel(token, "SELL", "0.51", "25")
    sizes = [f["price_changes"][0]["size"] for f in stage.said()]
    assert sizes == ["105.5", "80.5"]


@pytest.mark.parametrize(
    ("side", "price", "size", "problem"),
    [
        ("BUY", "0.52", "10", "would cross"),
        ("SELL", "0.49", "10", "would cross"),
        ("BUY", "0.455", "10", "multiple of 0.01"),
        ("BUY", "0.4", "0", "positive size"),
        ("BUY", "1", "10", "between 0 and 1"),
        ("BUY", "0.00001", "10", "decimal places"),
        ("BUY", "nan", "10", "decimal places"),
        ("BUY", "cheap", "10", "decimal number"),
    ],
)
def test_an_impossible_order_is_refused_and_nothing_is_said(
    stage, market, side, price, size, problem
):
    with pytest.raises(ValueError, match=problem):
        stage.exchange.place(market.token_ids[0], side, price, size)
    assert stage.heard == []


def test_more_than_the_book_holds_can_neither_be_traded_nor_cancelled(stage, market):
    with pytest.raises(ValueError, match=r"lacks 0\.5 of 100\.5"):
        stage.exchange.trade(market.token_ids[0], "SELL", "100.5")
    with pytest.raises(ValueError, match="holds 100"):
        stage.exchange.cancel(market.token_ids[0], "BUY", "0.49", "101")
    assert stage.heard == []


def test_an_unknown_id_is_not_found(stage):
    with pytest.raises(MarketNotFound):
        stage.exchange.place("123", "BUY", "0.5", "1")
    with pytest.raises(MarketNotFound):
        stage.exchange.resolve("0x12", 0)
    assert stage.exchange.book("123") is None


def test_a_slug_can_be_listed_once(stage, market):
    with pytest.raises(ValueError, match="already"):
        stage.exchange.create_market("Will it rain tomorrow?")


def test_a_new_market_is_broadcast_and_trades(stage):
    market = stage.exchange.create_market("Will it snow?", price="0.2", tick_size="0.001")
    (frame,) = stage.heard
    assert frame.broadcast
    assert frame.custom
    body = json.loads(frame.text)
    assert body["slug"] == "will-it-snow"
    assert body["clob_token_ids"] == list(market.token_ids)
    assert body["order_price_min_tick_size"] == "0.001"
    assert body["event_message"]["title"] == "Will it snow?"
    book = stage.exchange.book(market.token_ids[0])
    assert (book["bids"][-1]["price"], book["asks"][-1]["price"]) == ("0.2", "0.201")


def test_beyond_the_edge_the_tick_becomes_fine_and_finer_levels_follow(stage, market):
    token, other = market.token_ids
    stage.exchange.cancel(token, "SELL", "0.52")
    stage.exchange.cancel(token, "SELL", "0.53")
    stage.exchange.place(token, "SELL", "0.98", "10")
    stage.heard.clear()
    stage.exchange.place(token, "BUY", "0.96", "10")
    types = [frame["event_type"] for frame in stage.said()]
    start = types.index("tick_size_change")
    assert types[start:] == ["tick_size_change"] * 2 + ["price_change"] * 2 + ["book"] * 2
    change = stage.said()[start]
    assert (change["old_tick_size"], change["new_tick_size"]) == ("0.01", "0.001")
    assert change["asset_id"] == token
    assert "0.958" in {level["price"] for level in stage.said()[-2]["bids"]}
    assert stage.exchange.book(other)["tick_size"] == "0.001"


@pytest.mark.parametrize("tick", ["0.01", "0.02", "0.003"])
def test_a_tick_must_divide_the_old_one(stage, market, tick):
    with pytest.raises(ValueError, match="does not divide"):
        stage.exchange.change_tick(market.condition_id, tick)


def test_resolution_empties_the_books_names_the_winner_and_is_the_last_word(stage, market):
    stage.exchange.resolve(market.condition_id, 1)
    frames = [f for f in stage.said() if f["event_type"] != "best_bid_ask"]
    zeroed, resolved = frames
    assert {entry["size"] for entry in zeroed["price_changes"]} == {"0"}
    assert {(e["best_bid"], e["best_ask"]) for e in zeroed["price_changes"]} == {("0", "1")}
    assert resolved["event_type"] == "market_resolved"
    assert resolved["winning_asset_id"] == market.token_ids[1]
    assert resolved["winning_outcome"] == "No"
    assert stage.heard[-1].settles
    assert stage.exchange.book(market.token_ids[0]) is None
    with pytest.raises(MarketNotFound):
        stage.exchange.trade(market.token_ids[0], "BUY", "1")
    with pytest.raises(MarketNotFound):
        stage.exchange.resolve(market.condition_id, 0)


def test_only_two_outcomes_can_win(stage, market):
    with pytest.raises(ValueError, match="outcomes 0 and 1"):
        stage.exchange.resolve(market.condition_id, 2)


def test_the_programme_creates_a_market_and_resolves_one(stage):
    assert "new_market" not in {f["event_type"] for f in stage.steps(47)}
    (created,) = stage.steps(1)
    assert (created["event_type"], created["slug"]) == ("new_market", ANNOUNCED)
    stage.steps(47)
    resolved = stage.steps(1)[-1]
    assert resolved["event_type"] == "market_resolved"
    assert resolved["market"] == stage.exchange.market(SHORT_LIVED).condition_id
    later = stage.steps(200)
    assert resolved["market"] not in {f["market"] for f in later}
    assert created["market"] in {f["market"] for f in later}


def test_without_lifecycle_no_market_comes_or_goes():
    stage = make_stage(lifecycle=False)
    types = {f["event_type"] for f in stage.steps(150)}
    assert types == {"price_change", "last_trade_price", "book", "best_bid_ask"}


@pytest.mark.parametrize("seed", range(6))
def test_one_market_passes_the_edge_within_half_a_minute(seed):
    stage = make_stage(seed)
    assert "tick_size_change" not in {f["event_type"] for f in stage.steps(150)}
    changes = [f for f in stage.steps(90) if f["event_type"] == "tick_size_change"]
    assert {f["market"] for f in changes} == {stage.exchange.market(CLIMBER).condition_id}
    assert len(changes) == 2


@pytest.mark.parametrize("text", ["0.5", "0.05", "0.123", "0.9999"])
def test_prices_are_spelled_as_they_are_read(text):
    assert show_price(parse_price(text)) == text


@given(st.integers(1, 10**15))
def test_sizes_are_spelled_exactly(size):
    assert parse_size(show_size(size)) == size
    assert not show_size(size).endswith(".")
