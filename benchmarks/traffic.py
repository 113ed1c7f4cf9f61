"""Synthetic traffic in the shapes of the real one.

84 % price changes of both tokens of a market, 9 % books of about 100 levels, 5 % trades, 2 %
hints. It is not a recording: key sets, number formats and proportions are the venue's, the
numbers are made up.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

MARKETS = 250
LEVELS = 50
BEGAN = 1_790_000_000_000


class Traffic:
    """Messages over 500 tokens, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._now = BEGAN
        self.markets = [
            (f"0x{number:064x}", (f"{10**76 + 2 * number}", f"{10**76 + 2 * number + 1}"))
            for number in range(1, MARKETS + 1)
        ]
        self._middles = [self._chance.randrange(200, 800) for _ in self.markets]

    @property
    def assets(self) -> list[str]:
        """All tokens."""
        return [token for _, tokens in self.markets for token in tokens]

    def opening(self) -> list[bytes]:
        """One book for each token."""
        return [
            self._encode(self._book(number, outcome))
            for number in range(MARKETS)
            for outcome in (0, 1)
        ]

    def messages(self, count: int) -> Iterator[bytes]:
        """What follows."""
        for _ in range(count):
            self._now += 1
            number, outcome = self._chance.randrange(MARKETS), self._chance.randrange(2)
            kind = self._chance.random()
            if kind < 0.84:
                yield self._encode(self._price_change(number))
            elif kind < 0.93:
                yield self._encode(self._book(number, outcome))
            elif kind < 0.98:
                yield self._encode(self._trade(number, outcome))
            else:
                yield self._encode(self._hint(number, outcome))

    def _encode(self, frame: dict) -> bytes:
        return json.dumps(frame, separators=(",", ":")).encode()

    def _head(self, number: int) -> dict:
        return {"market": self.markets[number][0], "timestamp": str(self._now)}

    def _book(self, number: int, outcome: int) -> dict:
        middle = self._middles[number] if outcome == 0 else 1000 - self._middles[number]
        bids = [(middle - step, self._size()) for step in range(LEVELS, 0, -1)]
        asks = [(middle + step, self._size()) for step in range(LEVELS, 0, -1)]
        return {
            **self._head(number),
            "asset_id": self.markets[number][1][outcome],
            "hash": f"{self._chance.getrandbits(160):040x}",
            "bids": [{"price": _price(p), "size": s} for p, s in bids if 0 < p < 1000],
            "asks": [{"price": _price(p), "size": s} for p, s in asks if 0 < p < 1000],
            "event_type": "book",
        }

    def _price_change(self, number: int) -> dict:
        yes, no = self.markets[number][1]
        middle = self._middles[number]
        step = self._chance.randrange(2, LEVELS)
        side, mirrored = self._chance.choice((("BUY", "SELL"), ("SELL", "BUY")))
        price = middle - step if side == "BUY" else middle + step
        size = self._size()
        top = {
            yes: {"best_bid": _price(middle - 1), "best_ask": _price(middle + 1)},
            no: {"best_bid": _price(999 - middle), "best_ask": _price(1001 - middle)},
        }
        return {
            **self._head(number),
            "price_changes": [
                {
                    "asset_id": token,
                    "price": _price(at),
                    "size": size,
                    "side": way,
                    "hash": f"{self._chance.getrandbits(160):040x}",
                    **top[token],
                }
                for token, at, way in ((yes, price, side), (no, 1000 - price, mirrored))
            ],
            "event_type": "price_change",
        }

    def _trade(self, number: int, outcome: int) -> dict:
        return {
            **self._head(number),
            "asset_id": self.markets[number][1][outcome],
            "price": _price(self._middles[number]),
            "size": self._size(),
            "fee_rate_bps": "0",
            "side": self._chance.choice(("BUY", "SELL")),
            "event_type": "last_trade_price",
            "transaction_hash": f"0x{self._chance.getrandbits(256):064x}",
        }

    def _hint(self, number: int, outcome: int) -> dict:
        return {
            **self._head(number),
            "asset_id": self.markets[number][1][outcome],
            "best_bid": _price(self._middles[number] - 1),
            "best_ask": _price(self._middles[number] + 1),
            "spread": "0.002",
            "event_type": "best_bid_ask",
        }

    def _size(self) -> str:
        return f"{self._chance.randrange(1, 1_000_000) / 100:.2f}".rstrip("0").rstrip(".")


def _price(thousandths: int) -> str:
    return f"{thousandths / 1000:.3f}".rstrip("0")
