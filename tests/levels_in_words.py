"""Levels of books as the tests write them: pairs of texts."""

from polymarket_realtime._codec.frames import PriceChange
from polymarket_realtime._model.values import WireLevel


def levels(*pairs):
    """Pairs of price and size, or levels, as levels of the wire."""
    return tuple(WireLevel(*pair) for pair in pairs)


def set_level(book, side, price, size):
    """Apply one change; whether anything changed by it."""
    return bool(book.apply([PriceChange(book.asset_id, price, size, side)]))
