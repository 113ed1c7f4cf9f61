"""Books and the venue's hashes of them, which the sandbox makes by itself."""

import itertools
from decimal import Decimal

import pytest
from market_talk import START, Talk, lost, states
from market_talk import WALL as MARKET_WALL

from levels_in_words import set_level
from polymarket_realtime._model.trust import AssetState, Doubt, Proof, Verification
from polymarket_realtime._model.values import WireLevel
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.counters import FeedCounters
from polymarket_realtime._protocol.price_key import PriceKeys
from polymarket_realtime._protocol.verification import Verifier, has_equal_hash
from polymarket_realtime.sandbox import Exchange

NOW, WALL = 100.0, 1_700_000_000.0


@pytest.fixture
def exchange():
    seconds = itertools.count(1_700_000_000)
    exchange = Exchange(clock=lambda: next(seconds), lifecycle=False)
    for _ in range(40):
        exchange.step()
    return exchange


def tokens(exchange):
    return [token for market in exchange.markets for token in market.token_ids]


def sides_of(shown):
    return [[WireLevel(**level) for level in shown[side]] for side in ("bids", "asks")]


def take(book, shown, *, opening=True):
    """Have a book kept here be what the exchange shows."""
    book.replace(*sides_of(shown))
    book.begin(shown["market"], int(shown["timestamp"]), shown["hash"])
    if opening:
        book.set_tick_size(shown["tick_size"])
        book.evidence.last_trade = shown["last_trade_price"]
    return book


def book_of(exchange, token=None):
    token = token or exchange.markets[0].token_ids[0]
    return take(Book(PriceKeys(), asset_id=token), exchange.opening_book(token))


def corrupt(book):
    """Make one level, deep in the book, wrong."""
    price, size = book.wire_bids()[0]
    set_level(book, "BUY", price, str(Decimal(size) + 1))


def move_last_trade(exchange):
    """Have somebody trade, so that the hash is made of another last trade."""
    market = exchange.markets[0]
    before = market.book.last_trade_price
    for side in ("BUY", "SELL", "BUY"):
        exchange.trade(market.token_ids[0], side, "5")
        if market.book.last_trade_price != before:
            return
    raise AssertionError("nobody traded at another price")


def test_the_hash_of_every_book_is_recomputed_and_its_rules_are_learned(exchange):
    learned = set()
    for token in tokens(exchange):
        book, shown = book_of(exchange, token), exchange.book(token)
        assert has_equal_hash(book) is True
        assert book.evidence.reproducible
        assert book.evidence.min_order_size == shown["min_order_size"]
        assert book.evidence.neg_risk is shown["neg_risk"]
        learned.add(book.evidence.neg_risk)
    assert learned == {True, False}


@pytest.mark.parametrize("missing", ["hash", "tick size"])
def test_without_a_hash_or_a_tick_there_is_nothing_to_compare(exchange, missing):
    book = book_of(exchange)
    if missing == "hash":
        book.hash = ""
    else:
        book.set_tick_size(None)
    assert has_equal_hash(book) is None
    assert not book.evidence.reproducible


def test_a_wrong_book_is_unequal_only_after_it_was_equal_once(exchange):
    book = book_of(exchange)
    corrupt(book)
    assert has_equal_hash(book) is None, "perhaps its hash is made in another way"
    take(book, exchange.opening_book(book.asset_id))
    assert has_equal_hash(book) is True
    corrupt(book)
    assert has_equal_hash(book) is False


@pytest.mark.parametrize("wrong", ["timestamp", "market", "level gone", "level too many"])
def test_anything_that_differs_is_found(exchange, wrong):
    book = book_of(exchange)
    assert has_equal_hash(book)
    if wrong == "timestamp":
        book.timestamp_ms += 1
    elif wrong == "market":
        book.market = "0x" + "0" * 64
    elif wrong == "level gone":
        set_level(book, "SELL", book.wire_asks()[0].price, "0")
    else:
        set_level(book, "BUY", "0.001", "1")
    assert has_equal_hash(book) is False


def test_a_last_trade_that_nobody_has_announced_is_found(exchange):
    book = book_of(exchange)
    assert has_equal_hash(book)
    known = book.evidence.last_trade
    move_last_trade(exchange)
    shown = exchange.book(book.asset_id)
    take(book, shown, opening=False)
    assert has_equal_hash(book) is True
    assert book.evidence.last_trade == shown["last_trade_price"] != known


def test_a_last_trade_is_searched_for_once_the_rules_are_known(exchange):
    move_last_trade(exchange)
    book, shown = book_of(exchange), exchange.book(exchange.markets[0].token_ids[0])
    book.evidence.last_trade = None
    assert has_equal_hash(book) is None, "a thousand trades for every form are too many"
    book.evidence.min_order_size = shown["min_order_size"]
    book.evidence.neg_risk = shown["neg_risk"]
    assert has_equal_hash(book) is True
    assert book.evidence.last_trade == shown["last_trade_price"]


def test_a_trade_that_was_announced_is_tried_before_the_rules_are_known(exchange):
    move_last_trade(exchange)
    book, market = book_of(exchange), exchange.markets[0]
    book.evidence.last_trade = "0.001"
    book.last_trade_price = market.book.last_trade_price.rstrip("0")
    assert has_equal_hash(book) is True


def test_rules_that_rest_has_told_are_believed(exchange):
    book = book_of(exchange)
    book.evidence.min_order_size = "15"
    assert has_equal_hash(book) is None


def verifying(verification=Verification.ALWAYS):
    counters = FeedCounters()
    return Verifier(verification, counters), counters


def live(book):
    book.enter(AssetState.LIVE, "", WALL)
    return book


def test_a_match_proves_a_book_and_tells_nothing_new(exchange):
    book, (verifier, counters) = live(book_of(exchange)), verifying()
    assert verifier.verify(book, NOW, WALL + 1) is None
    assert (counters.hashes_equal, counters.hashes_unequal, counters.hashes_unknown) == (1, 0, 0)
    assert (book.evidence.verified_by, book.evidence.verified_at) == (Proof.HASH, WALL + 1)


def test_what_cannot_be_compared_is_counted_and_proves_nothing(exchange):
    book, (verifier, counters) = live(book_of(exchange)), verifying()
    corrupt(book)
    assert verifier.verify(book, NOW, WALL) is None
    assert (counters.hashes_equal, counters.hashes_unequal, counters.hashes_unknown) == (0, 0, 1)
    assert book.evidence.verified_at is None
    assert book.state is AssetState.LIVE


def test_a_mismatch_is_a_doubt_that_a_later_match_ends(exchange):
    book, (verifier, counters) = live(book_of(exchange)), verifying()
    verifier.verify(book, NOW, WALL + 1)
    corrupt(book)
    told = verifier.verify(book, NOW, WALL + 2)
    assert (told.state, told.before) == (AssetState.SUSPECT, AssetState.LIVE)
    assert told.reason == "it is not what the venue's hash says"
    assert (book.doubt, book.in_sync) == (Doubt.HASH, True)
    assert book.intact_until == WALL + 1, "it was proven then"
    assert verifier.verify(book, NOW, WALL + 3) is None, "that is known"
    take(book, exchange.opening_book(book.asset_id))
    told = verifier.verify(book, NOW, WALL + 4)
    assert (told.state, told.before) == (AssetState.LIVE, AssetState.SUSPECT)
    assert (counters.hashes_equal, counters.hashes_unequal) == (2, 2)


@pytest.mark.parametrize("doubt", [Doubt.SILENCE, Doubt.LAG])
def test_a_match_ends_no_doubt_of_another_kind(exchange, doubt):
    book, (verifier, _) = live(book_of(exchange)), verifying()
    book.enter(AssetState.SUSPECT, "why", WALL, doubt)
    assert verifier.verify(book, NOW, WALL + 1) is None
    assert (book.state, book.doubt, book.reason) == (AssetState.SUSPECT, doubt, "why")


@pytest.mark.parametrize(
    ("verification", "compares_tops", "due"),
    [
        (Verification.OFF, False, [False, False, False]),
        (Verification.TOP, True, [False, False, False]),
        (Verification.SAMPLE, True, [True, False, True]),
        (Verification.ALWAYS, True, [True, True, True]),
    ],
)
def test_books_are_compared_as_often_as_was_asked_for(exchange, verification, compares_tops, due):
    book, (verifier, _) = live(book_of(exchange)), verifying(verification)
    assert verifier.compares_tops is compares_tops
    found = [verifier.is_due(book, NOW)]
    verifier.verify(book, NOW, WALL)
    found += [verifier.is_due(book, NOW + later) for later in (9.9, 10.0)]
    assert found == due


def test_no_book_of_an_exchange_that_trades_is_ever_doubted():
    frames, now = [], [MARKET_WALL + START]
    exchange = Exchange(publish=frames.append, clock=lambda: now[0], lifecycle=False)
    wanted = tokens(exchange)
    talk = Talk(*wanted, verification=Verification.ALWAYS)
    talk.hears([exchange.opening_book(token) for token in wanted])
    for _ in range(300):
        frames.clear()
        exchange.step()
        talk.hears(*(frame.text for frame in frames if not frame.broadcast))
        talk.waits(3)  # all hints have come true by then
        now[0] = MARKET_WALL + talk.now
    assert AssetState.SUSPECT not in states(talk.told)
    assert {reason.partition(" from")[0] for reason in lost(talk.told)} <= {"the tick size changed"}
    counters = talk.counters
    assert (counters.hashes_unequal, counters.hashes_unknown) == (0, 0)
    assert counters.hashes_equal > 200
    for token in wanted:
        shown = exchange.book(token)
        assert talk.book(token).same_as(*sides_of(shown))


def test_a_change_that_never_came_is_found_by_the_hash_of_the_next():
    frames, seconds = [], itertools.count(1_700_000_000)
    exchange = Exchange(publish=frames.append, clock=lambda: next(seconds), lifecycle=False)
    token = exchange.markets[0].token_ids[0]
    talk = Talk(token, verification=Verification.ALWAYS)
    talk.hears([exchange.opening_book(token)])

    def place(size):
        frames.clear()
        exchange.place(token, "BUY", "0.05", size)
        return [frame.text for frame in frames]

    talk.hears(*place("10"))
    talk.hears(*place("10"))
    place("10")  # nobody hears of it
    talk.hears(*place("10"))
    assert states(talk.told) == [AssetState.LIVE], "the level has its new size all the same"
    frames.clear()
    exchange.place(token, "BUY", "0.04", "10")  # nobody hears of this one either
    talk.hears(*place("10"))
    assert states(talk.told) == [AssetState.LIVE], "its burst may go on"
    talk.hears(*place("10"))
    assert states(talk.told) == [AssetState.LIVE, AssetState.SUSPECT]
    assert talk.book(token).doubt is Doubt.HASH
    assert token in talk.books.attention
    talk.hears(exchange.opening_book(token))
    assert states(talk.told)[2:] == [AssetState.OUT_OF_SYNC, AssetState.LIVE]
    assert talk.counters.gaps == 1
