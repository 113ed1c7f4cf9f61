import pytest

from polymarket_realtime._model import feed, lifecycle, market
from polymarket_realtime._model.topics import (
    AssetTopic,
    AssetTopicBase,
    BookTopic,
    DeltaTopic,
    NewMarketTopic,
    PriceTopic,
    ResolutionTopic,
    TradeTopic,
)

ASSET = "1" * 77
OF_ONE_ASSET = [PriceTopic, BookTopic, DeltaTopic, TradeTopic, ResolutionTopic, AssetTopic]
CONTINUITY = {
    feed.Connected,
    feed.Interrupted,
    feed.StateChanged,
    feed.Gap,
    feed.Resynced,
}


@pytest.mark.parametrize("cls", OF_ONE_ASSET)
def test_every_topic_of_an_asset_says_when_not_to_trust_it_and_when_it_is_settled(cls):
    topic = cls(ASSET)
    assert isinstance(topic, AssetTopicBase)
    assert topic.route == ASSET
    assert set(topic.accepts) >= {feed.Connected, feed.Interrupted, lifecycle.MarketResolved}
    # Whether a book is the truth concerns everybody but who only waits for the end.
    assert set(topic.accepts) >= CONTINUITY or cls is ResolutionTopic


@pytest.mark.parametrize("cls", [PriceTopic, BookTopic, DeltaTopic, TradeTopic, AssetTopic])
def test_a_new_tick_size_is_told_to_everyone_who_sees_prices(cls):
    assert market.TickSizeChange in cls(ASSET).accepts


@pytest.mark.parametrize(
    ("cls", "served_from"),
    [
        (PriceTopic, {market.PriceChangeEvent}),
        (BookTopic, {market.BookSnapshot, market.BookDelta}),
        (DeltaTopic, {market.BookSnapshot, market.BookDelta}),
        (TradeTopic, {market.LastTradePrice}),
        (ResolutionTopic, {lifecycle.ResolutionStatus}),
    ],
)
def test_a_topic_is_served_from_its_own_kinds_only(cls, served_from):
    of_all = CONTINUITY | {market.TickSizeChange, lifecycle.MarketResolved}
    assert set(cls(ASSET).accepts) - of_all == served_from


def test_new_markets_are_a_broadcast():
    topic = NewMarketTopic()
    assert topic.route == "market"
    assert lifecycle.MarketCreated in topic.accepts


@pytest.mark.parametrize("depth", [0, -1])
def test_a_book_has_at_least_one_level_of_depth(depth):
    with pytest.raises(ValueError, match="depth"):
        BookTopic(ASSET, depth=depth)


def test_topics_are_values():
    assert BookTopic(ASSET) == BookTopic(ASSET, depth=10)
    assert len({PriceTopic(ASSET), PriceTopic(ASSET), TradeTopic(ASSET)}) == 2
