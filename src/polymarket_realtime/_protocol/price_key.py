"""Price strings as integers: exact, ordered, and cheap to look up."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from polymarket_realtime.errors import CodecError

__all__ = ["TOP", "PriceKeys"]

TOP: Final = 10**9
"""The key of the price 1. The finest tick of the venue is 0.0001: there is room for five digits
more."""

_MOST_KEYS: Final = 1 << 16


class PriceKeys(dict[str, int]):
    """A bounded table from the venue's price strings to integers.

    Equal prices have equal keys however they are written: `"0.5"`, `"0.50"` and `".5"`.

    Raises (on a look-up):
        CodecError: The text is not a price from 0 to 1 of at most nine decimals.
    """

    def __missing__(self, text: str) -> int:
        # `Decimal` takes these as well, and the text itself is repeated to people.
        if not text.isascii() or "_" in text or text.strip() != text:
            raise CodecError("price", f"{text[:40]!r} is not a number")
        try:
            units = Decimal(text) * TOP
        except ArithmeticError:
            raise CodecError("price", f"{text[:40]!r} is not a number") from None
        if not units.is_finite() or not 0 <= units <= TOP or units != units.to_integral_value():
            raise CodecError("price", f"{text[:40]!r} is not a price from 0 to 1")
        if len(self) >= _MOST_KEYS:
            self.clear()
        key = self[text] = int(units)
        return key

    def check(self, text: str) -> None:
        """Raise `CodecError` if `text` is no price."""
        self[text]
