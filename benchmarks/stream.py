"""The stream that every contestant is sent: made from a seed, and true at every moment.

250 markets of two tokens. Kinds, key order, levels, sizes and ticks are those of captures of the
venue; the numbers are simulated. Best prices and hashes say what the book is after the change, so
that a client which checks them finds nothing wrong. Two things of the real channel are missing: a
change of the tick size, after which a client has to ask for the book again, and messages about
markets that nobody has subscribed to.

`python benchmarks/stream.py` prints what a stream consists of.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import statistics
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import attrs

from simulated_market import Change, SimulatedMarket

__all__ = ["BEGAN", "Generator", "Message", "Stream", "make_stream"]

BEGAN: Final = 1_790_000_000_000
"""Milliseconds since the epoch of the first opening book."""

KINDS: Final = {
    "price_change": 0.85,
    "book": 0.08,
    "last_trade_price": 0.05,
    "best_bid_ask": 0.02,
}

TWO_CHANGES: Final = 0.08
"""Part of the `price_change` with two levels of each token: four entries in place of two."""


@attrs.frozen
class Message:
    """One message of the stream.

    Attributes:
        timestamp: Milliseconds since the epoch; no other message has the same.
        kind: Its `event_type`.
        text: The JSON.
    """

    timestamp: int
    kind: str
    text: bytes


@attrs.frozen
class Stream:
    """What the venue says.

    Attributes:
        tokens: All token ids, Yes and No of each market side by side.
        opening: The book of each token, in the same order; sent in arrays.
        messages: What follows. The last is a `price_change`.
        facts: What it consists of, for the report.
        touches: One change of each market, for who wants no book to change for the first time
            later; empty unless asked for.
    """

    tokens: tuple[str, ...]
    opening: tuple[Message, ...]
    messages: tuple[Message, ...]
    facts: dict[str, Any]
    touches: tuple[Message, ...] = ()

    def first(self, count: int) -> Stream:
        """The beginning of it, which ends with a `price_change` as well."""
        while self.messages[count - 1].kind != "price_change":
            count -= 1
        return attrs.evolve(self, messages=self.messages[:count])


class Generator:
    """Makes messages in order.

    Args:
        seed: Of all chance.
        markets: How many there are.
        levels: Of each book; 0 for as many as the venue's have.
        silent: How many markets, the last ones, nothing is said of after their opening books.
    """

    def __init__(self, seed: int, markets: int, *, levels: int = 0, silent: int = 0) -> None:
        self._chance = random.Random(seed)
        self.markets = [
            SimulatedMarket(number, self._chance, levels=levels) for number in range(markets)
        ]
        self._talking = self.markets[: markets - silent]
        # Some markets are much busier than others.
        self._weights = list(accumulate(1 / (rank + 20) for rank in range(markets - silent)))
        self.entries = self.at_the_top = self.removed = 0

    def opening(self, timestamp: int) -> list[Message]:
        """The first book of each token, each with a time of its own."""
        places = [(market, outcome) for market in self.markets for outcome in (0, 1)]
        return [
            self._book(market, outcome, timestamp + number, opening=True)
            for number, (market, outcome) in enumerate(places)
        ]

    def message(self, timestamp: int, kind: str | None = None) -> Message:
        """The next message, of a random kind unless it is given."""
        (market,) = self._chance.choices(self._talking, cum_weights=self._weights)
        if kind is None:
            (kind,) = self._chance.choices(list(KINDS), weights=list(KINDS.values()))
        outcome = self._chance.randrange(2)
        match kind:
            case "price_change":
                return self._price_change(market, timestamp)
            case "book":
                return self._book(market, outcome, timestamp)
            case "last_trade_price":
                return self._trade(market, outcome, timestamp)
        return self._hint(market, outcome, timestamp)

    def touches(self, timestamp: int) -> list[Message]:
        """One change of each market that something is said of."""
        return [
            self._price_change(market, timestamp + number)
            for number, market in enumerate(self._talking)
        ]

    def _book(
        self, market: SimulatedMarket, outcome: int, timestamp: int, *, opening: bool = False
    ) -> Message:
        """A snapshot. The opening form has another order of keys, and two keys more."""
        bids, asks = market.sides(outcome)
        digest = market.hash_of(outcome, timestamp, bids, asks)
        head = f'"market":"{market.condition}","asset_id":"{market.tokens[outcome]}"'
        levels = f'"bids":[{bids}],"asks":[{asks}]'
        when = f'"timestamp":"{timestamp}"'
        text = (
            f'{{{head},{when},"hash":"{digest}",{levels},"tick_size":"{market.text(market.tick)}",'
            f'"event_type":"book","last_trade_price":"{market.last_trade}"}}'
            if opening
            else f'{{{head},{levels},"hash":"{digest}",{when},"event_type":"book"}}'
        )
        return Message(timestamp, "book", text.encode())

    def _price_change(self, market: SimulatedMarket, timestamp: int) -> Message:
        before = market.best_bid, market.best_ask
        changes = [market.change()]
        if self._chance.random() < TWO_CHANGES:
            changes.append(market.change(but=changes[0]))
        self._count(changes, before)
        hashes = [market.hash_of(each, timestamp, *market.sides(each)) for each in (0, 1)]
        first = self._chance.randrange(2)
        entries = ",".join(
            _entry(market, change, outcome, hashes[outcome])
            for change in changes
            for outcome in (first, 1 - first)
        )
        text = (
            f'{{"market":"{market.condition}","price_changes":[{entries}],'
            f'"timestamp":"{timestamp}","event_type":"price_change"}}'
        )
        return Message(timestamp, "price_change", text.encode())

    def _count(self, changes: list[Change], before: tuple[int, int]) -> None:
        bid, ask = before
        for change in changes:
            self.entries += 1
            self.removed += change.size == "0"
            self.at_the_top += change.price >= bid and change.price <= ask

    def _trade(self, market: SimulatedMarket, outcome: int, timestamp: int) -> Message:
        buys = self._chance.random() < 0.5
        price, size = market.trade(outcome, buys=buys)
        text = (
            f'{{"market":"{market.condition}","asset_id":"{market.tokens[outcome]}",'
            f'"price":"{price}","size":"{size}","fee_rate_bps":"0",'
            f'"side":"{"BUY" if buys else "SELL"}","timestamp":"{timestamp}",'
            f'"event_type":"last_trade_price",'
            f'"transaction_hash":"0x{self._chance.getrandbits(256):064x}"}}'
        )
        return Message(timestamp, "last_trade_price", text.encode())

    def _hint(self, market: SimulatedMarket, outcome: int, timestamp: int) -> Message:
        bid, ask = market.top(outcome)
        text = (
            f'{{"market":"{market.condition}","asset_id":"{market.tokens[outcome]}",'
            f'"best_bid":"{market.text(bid)}","best_ask":"{market.text(ask)}",'
            f'"spread":"{market.text(ask - bid)}","timestamp":"{timestamp}",'
            f'"event_type":"best_bid_ask"}}'
        )
        return Message(timestamp, "best_bid_ask", text.encode())


def _entry(market: SimulatedMarket, change: Change, outcome: int, digest: str) -> str:
    """A change as one of the two tokens shows it."""
    mirrored = "SELL" if change.side == "BUY" else "BUY"
    inverse = market.scale - change.price
    price, side = (change.price, change.side) if outcome == 0 else (inverse, mirrored)
    bid, ask = market.top(outcome)
    return (
        f'{{"asset_id":"{market.tokens[outcome]}","price":"{market.text(price)}",'
        f'"size":"{change.size}","side":"{side}","hash":"{digest}",'
        f'"best_bid":"{market.text(bid)}","best_ask":"{market.text(ask)}"}}'
    )


def make_stream(
    count: int = 40_000,
    *,
    seed: int = 1,
    markets: int = 250,
    step: int = 1,
    levels: int = 0,
    silent: int = 0,
    touched: bool = False,
) -> Stream:
    """The stream of a seed; kept in the user's cache once it was made.

    Args:
        count: Messages after the opening.
        seed: Of all chance.
        markets: Each has two tokens.
        step: Milliseconds between the timestamps of two messages; for a rate below 1,000 a
            second `1000 / rate`, so that the feed does not seem to lag.
        levels: Of each book; 0 for as many as the venue's have.
        silent: How many of the markets, the last ones, nothing is said of after the opening.
        touched: Whether there are `touches`.
    """
    sources = (Path(__file__), Path(__file__).with_name("simulated_market.py"))
    name = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    name.update(json.dumps([count, seed, markets, step, levels, silent, touched]).encode())
    # The user's own, and never a folder of everybody's: what is read from it is a pickle.
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = folder / "polymarket-realtime-bench" / f"stream-{name.hexdigest()[:16]}.pickle"
    if path.exists():
        loaded: Stream = pickle.loads(path.read_bytes())
        return loaded
    generator = Generator(seed, markets, levels=levels, silent=silent)
    stream = _generate(generator, count, step, seed=seed, touched=touched)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(pickle.dumps(stream))
    unfinished.replace(path)
    return stream


def _generate(generator: Generator, count: int, step: int, *, seed: int, touched: bool) -> Stream:
    opening = generator.opening(BEGAN)
    begins = BEGAN + len(opening) + 1000
    touches = tuple(generator.touches(begins)) if touched else ()
    begins += len(touches)
    messages = [generator.message(begins + number * step) for number in range(count - 1)]
    messages.append(generator.message(begins + count * step, "price_change"))
    if not all(market.is_possible() for market in generator.markets):
        raise RuntimeError("a simulated book is crossed or out of order")
    levels = [message.text.count(b'"size"') for message in opening]
    return Stream(
        tokens=tuple(token for market in generator.markets for token in market.tokens),
        opening=tuple(opening),
        messages=tuple(messages),
        touches=touches,
        facts={
            "seed": seed,
            "tokens": 2 * len(generator.markets),
            "messages": count,
            "kinds": dict(Counter(message.kind for message in messages).most_common()),
            "bytes": sum(len(message.text) for message in messages),
            "mean_bytes": statistics.mean(len(message.text) for message in messages),
            "median_bytes": statistics.median(len(message.text) for message in messages),
            "bytes_of_kinds": {
                kind: statistics.mean(len(m.text) for m in messages if m.kind == kind)
                for kind in KINDS
            },
            "opening_bytes": sum(len(message.text) for message in opening),
            "levels": {
                "mean": statistics.mean(levels),
                "median": statistics.median(levels),
                "most": max(levels),
            },
            "levels_at_the_end": statistics.mean(m.level_count() for m in generator.markets),
            "four_entries": TWO_CHANGES,
            "at_the_top": generator.at_the_top / generator.entries,
            "removed": generator.removed / generator.entries,
        },
    )


if __name__ == "__main__":
    import stream  # by its name: what is kept in the cache must not belong to `__main__`

    print(json.dumps(stream.make_stream().facts, indent=2))
