"""What people call reference prices, as the streams that carry them.

The venue publishes no list, so a symbol of the right form is taken as it is: whether there is
such a price, the venue decides. Source: docs.polymarket.com, "Real-Time Data" and "PolyBolt".
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from polymarket_realtime._model.live import PriceKind, PriceStream
from polymarket_realtime.errors import UnknownSymbol

__all__ = ["nearest_symbols", "never_closes", "parse_symbol"]

_COINS: Final = {
    "btc": "bitcoin",
    "eth": "ethereum",
    "sol": "solana",
    "doge": "dogecoin",
    "xrp": "ripple",
    "bnb": "binance coin",
    "hype": "hyperliquid",
    "zec": "zcash",
}
"""The known coins and what they are also called, which is understood in a wrong symbol."""

_CURRENCIES: Final = ("eurusd", "usdjpy")
"""Pairs of currencies, which the venue lists among crypto."""

_WINDOWS: Final = (30, 60)
"""Seconds that averages are taken over."""

_LONGEST: Final = 32
_CANDIDATES: Final = 3

_CRYPTO_PAIR: Final = re.compile(r"[a-z]{2,10}(usd|usdt)")
_COIN: Final = re.compile(r"[a-z]{2,10}")
_TICKER: Final = re.compile(r"[a-z]{1,5}(\.[a-z])?")
_FORM: Final = re.compile(r"(?:(crypto|equity):)?([a-z./-]+)(?::([0-9]{1,3}))?")
"""An optional kind, the symbol, an optional window, as in the key of a stream."""


def parse_symbol(text: str, *, window_seconds: int | None = None) -> PriceStream:
    """The stream that a symbol means.

    Known coins and their pairs, and anything that ends in `usd` or `usdt`, are crypto; the latter
    is the price at Binance. Other tickers of up to five letters are equities. `crypto:` or
    `equity:` before a symbol settles it, and the key of a stream means itself.

    Args:
        text: For example `btc`, `BTC/USD`, `btcusdt`, `aapl`, `equity:sol`, `crypto:btcusd:60`.
        window_seconds: 30 or 60 for an average over so many seconds.

    Raises:
        UnknownSymbol: It has no such form, or no such average exists. Its candidates are symbols.
    """
    plain = text.strip().lower()
    form = _FORM.fullmatch(plain) if text.isascii() and len(plain) <= _LONGEST else None
    if form is None:
        raise UnknownSymbol(text, nearest_symbols(plain[:_LONGEST].rpartition(":")[2]))
    kind, spelled, own_window = form.groups()
    window = window_seconds if own_window is None else int(own_window)
    joined = re.sub(r"(?<=[a-z])[/-](?=[a-z])", "", spelled, count=1)
    stream = _stream(kind, joined, window, paired=joined != spelled)
    if stream is None:
        raise UnknownSymbol(text, nearest_symbols(joined))
    if window_seconds not in (None, window) or not _is_averaged(stream):
        asked = text if window_seconds is None else f"{text} over {window_seconds} s"
        raise UnknownSymbol(asked, _averages(stream))
    return stream


def never_closes(stream: PriceStream) -> bool:
    """Whether its market is always open, so that its price never pauses."""
    return stream.kind is PriceKind.CRYPTO and stream.symbol not in _CURRENCIES


def _stream(
    kind: str | None, symbol: str, window: int | None, *, paired: bool
) -> PriceStream | None:
    if kind != PriceKind.EQUITY and (symbol in _CURRENCIES or _CRYPTO_PAIR.fullmatch(symbol)):
        return PriceStream(PriceKind.CRYPTO, symbol, window)
    is_coin = symbol in _COINS if kind is None else kind == PriceKind.CRYPTO
    if is_coin and _COIN.fullmatch(symbol) and not paired:
        return PriceStream(PriceKind.CRYPTO, f"{symbol}usd", window)
    if kind != PriceKind.CRYPTO and _TICKER.fullmatch(symbol) and not paired:
        return PriceStream(PriceKind.EQUITY, symbol, window)
    return None


def _is_averaged(stream: PriceStream) -> bool:
    at_binance = stream.kind is PriceKind.CRYPTO and stream.symbol.endswith("usdt")
    return stream.window_seconds is None or (stream.window_seconds in _WINDOWS and not at_binance)


def _averages(stream: PriceStream) -> list[str]:
    symbol = stream.symbol.removesuffix("t") if stream.symbol.endswith("usdt") else stream.symbol
    return [f"{symbol}:{window}" for window in _WINDOWS]


def nearest_symbols(symbol: str) -> list[str]:
    """Known symbols that this one may have been meant for, the nearest first."""
    meant = {coin: f"{coin}usd" for coin in _COINS}
    meant |= {name: f"{coin}usd" for coin, name in _COINS.items()}
    meant |= {pair: pair for coin in _COINS for pair in (f"{coin}usd", f"{coin}usdt")}
    meant |= {pair: pair for pair in _CURRENCIES}
    near = get_close_matches(symbol, meant, n=_CANDIDATES)
    return list(dict.fromkeys(meant[each] for each in near))
