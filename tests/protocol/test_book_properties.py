"""The book against the plainest model there could be: two dicts of Decimal."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from levels_in_words import levels as levels_of
from levels_in_words import set_level
from polymarket_realtime._model.values import Level
from polymarket_realtime._protocol.book import Book
from polymarket_realtime._protocol.price_key import PriceKeys

ASSET = "1" * 77


def written_in_some_way(number, style):
    """One number, spelled in one of the ways that the venue has been seen to use."""
    text = format(number, "f")
    if style == "padded":
        return text + "00" if "." in text else text + ".00"
    if style == "bare":
        return text.removeprefix("0") if text.startswith("0.") else text
    return text


STYLES = st.sampled_from(["plain", "padded", "bare"])
# Few prices, so that levels are often hit again and best levels are often removed.
PRICES = st.builds(
    written_in_some_way,
    st.integers(0, 20).map(lambda n: Decimal(n) / 20) | st.decimals(0, 1, places=4),
    STYLES,
)
SIZES = st.builds(written_in_some_way, st.just(Decimal(0)) | st.decimals(0, 1000, places=2), STYLES)
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=8)
STEPS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), PRICES, SIZES) | st.tuples(LEVELS, LEVELS),
    max_size=40,
)


class Model:
    """Price to (price, size) as written, by value."""

    def __init__(self):
        self.sides = {"BUY": {}, "SELL": {}}

    def replace(self, bids, asks):
        self.__init__()
        for side, levels in (("BUY", bids), ("SELL", asks)):
            for price, size in levels:
                if Decimal(size):
                    self.sides[side][Decimal(price)] = (price, size)

    def set_level(self, side, price, size):
        if Decimal(size):
            self.sides[side][Decimal(price)] = (price, size)
        else:
            self.sides[side].pop(Decimal(price), None)

    def ordered(self, side, *, reverse):
        return [level for _, level in sorted(self.sides[side].items(), reverse=reverse)]


def exact(levels):
    return tuple(Level(Decimal(price), Decimal(size)) for price, size in levels)


def values(levels):
    return [(Decimal(price), Decimal(size)) for price, size in levels]


def check(book, model, depth):
    best_bids = model.ordered("BUY", reverse=True)
    best_asks = model.ordered("SELL", reverse=False)
    assert values(book.wire_bids()) == values(reversed(best_bids))
    assert values(book.wire_asks()) == values(reversed(best_asks))
    for best, levels in ((book.best_bid, best_bids), (book.best_ask, best_asks)):
        assert (best is None) == (not levels)
        assert best is None or values([best]) == values(levels[:1])
    assert book.is_crossed == (
        bool(best_bids and best_asks) and Decimal(best_bids[0][0]) >= Decimal(best_asks[0][0])
    )
    view = book.view(depth)
    assert (view.bids, view.asks) == (exact(best_bids[:depth]), exact(best_asks[:depth]))


@settings(deadline=None)
@given(STEPS, st.none() | st.integers(0, 5))
def test_any_history_leaves_the_same_book_as_the_model(steps, depth):
    book, model = Book(PriceKeys(), asset_id=ASSET), Model()
    for step in steps:
        if len(step) == 2:
            book.replace(*(levels_of(*side) for side in step))
            model.replace(*step)
        else:
            before = {side: dict(levels) for side, levels in model.sides.items()}
            changed = set_level(book, *step)
            model.set_level(*step)
            if not changed:
                same = {side: values(levels.values()) for side, levels in before.items()}
                assert same == {s: values(levels.values()) for s, levels in model.sides.items()}
        check(book, model, depth)


@settings(deadline=None)
@given(STEPS)
def test_a_book_rebuilt_from_its_own_snapshot_is_the_same(steps):
    book = Book(PriceKeys(), asset_id=ASSET)
    for step in steps:
        if len(step) == 2:
            book.replace(*(levels_of(*side) for side in step))
        else:
            set_level(book, *step)
    copy = Book(PriceKeys(), asset_id=ASSET)
    copy.replace(book.wire_bids(), book.wire_asks())
    assert copy.snapshot() == book.snapshot()
    assert (copy.best_bid, copy.best_ask) == (book.best_bid, book.best_ask)
