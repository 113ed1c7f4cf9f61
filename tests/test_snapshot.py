"""The present of tokens, whether or not anybody listens to them."""

from __future__ import annotations

from decimal import Decimal

import pytest
import trio

from polymarket_realtime import (
    AssetId,
    AssetState,
    BookTopic,
    PriceSource,
    SnapshotSource,
    open_service,
)
from polymarket_realtime.errors import RestFailed
from polymarket_realtime.testing import MARKET, MemoryVenue, make_book

TOKEN = AssetId("7" * 77)
BOOK = {"bids": [("0.40", "10"), ("0.30", "7")], "asks": [("0.44", "5"), ("0.60", "8")]}


def open_memory(venue):
    return open_service(open_stream=venue.open_stream, transport=venue.transport)


async def test_a_token_that_nobody_listens_to_is_asked_for_with_its_best_levels(autojump_clock):
    venue = MemoryVenue()
    venue.catalog.books[TOKEN] = make_book(TOKEN, **BOOK)
    async with open_memory(venue) as service:
        shown = (await service.snapshot([TOKEN], depth=1))[TOKEN]
    assert (shown.source, shown.standing) == (SnapshotSource.REST, None)
    assert (shown.best_bid, shown.best_ask, shown.spread) == (
        Decimal("0.40"),
        Decimal("0.44"),
        Decimal("0.04"),
    )
    assert (len(shown.bids), len(shown.asks)) == (1, 1)
    assert (shown.price, shown.price_source) == (Decimal("0.42"), PriceSource.MIDPOINT)
    assert (shown.market, shown.last_trade_price) == (MARKET, None)
    assert venue.dials == []


async def test_a_token_that_is_listened_to_is_shown_as_it_is_kept_and_nobody_is_asked(
    autojump_clock,
):
    venue = MemoryVenue()
    async with open_memory(venue) as service:
        with service.subscribe(BookTopic(TOKEN)) as events:
            (await venue.accept()).say(make_book(TOKEN, **BOOK))
            await events.receive_batch()
            await trio.sleep(0.1)
            shown = (await service.snapshot([TOKEN]))[TOKEN]
    assert (shown.source, shown.standing.state) == (SnapshotSource.BOOK, AssetState.LIVE)
    assert [level.price for level in shown.bids] == [Decimal("0.40"), Decimal("0.30")]
    assert "/books" not in venue.catalog.requests


async def test_a_token_without_a_book_is_shown_without_a_price(autojump_clock):
    async with open_memory(MemoryVenue()) as service:
        shown = (await service.snapshot([TOKEN]))[TOKEN]
    assert (shown.price, shown.spread, shown.timestamp) == (None, None, None)


async def test_levels_that_are_no_numbers_or_empty_are_left_out(autojump_clock):
    venue = MemoryVenue()
    bids = [("0.50", "0"), ("zero", "9"), ("0.40", "10")]
    venue.catalog.books[TOKEN] = make_book(TOKEN, bids=bids, asks=[("0.60", "much")])
    async with open_memory(venue) as service:
        shown = (await service.snapshot([TOKEN]))[TOKEN]
    assert ([level.price for level in shown.bids], shown.asks) == ([Decimal("0.40")], ())
    assert (shown.price, shown.price_source) == (Decimal("0.40"), PriceSource.ONE_SIDE)


async def test_a_hundred_tokens_are_one_question_and_each_is_asked_for_once(autojump_clock):
    venue = MemoryVenue()
    tokens = [AssetId(str(10**76 + number)) for number in range(101)]
    async with open_memory(venue) as service:
        assert list(await service.snapshot([*tokens, tokens[0]])) == tokens
    assert venue.catalog.requests.count("/books") == 2


async def test_a_rest_that_fails_is_an_error(autojump_clock):
    venue = MemoryVenue()
    venue.catalog.down = True
    async with open_memory(venue) as service:
        with pytest.raises(RestFailed, match="503"):
            await service.snapshot([TOKEN])
