"""What a book is proven by, and what its hash is made of besides its levels."""

from __future__ import annotations

import math

import attrs

from polymarket_realtime._model.trust import Proof

__all__ = ["Evidence"]


@attrs.define
class Evidence:
    """Of one book.

    Attributes:
        min_order_size: A part of the hash, told by REST only; None while it is not known.
        neg_risk: Likewise.
        last_trade: Likewise, and told by opening books: the market's last print, with three
            decimals; `""` if it never traded, None while it is not known.
        reproducible: Whether the hash of this book was ever recomputed: only then does one that
            is not equal speak against the book.
        verify_at: When the next hash is to be compared, on the protocol's clock.
        witness_ms: The newest change that the witness has shown, by the venue's clock.
        verified_at: When the book was last proven, in seconds since the epoch; None before.
        verified_by: By what.
    """

    min_order_size: str | None = None
    neg_risk: bool | None = None
    last_trade: str | None = None
    reproducible: bool = False
    verify_at: float = -math.inf
    witness_ms: int = 0
    verified_at: float | None = None
    verified_by: Proof | None = None

    def prove(self, by: Proof, wall: float) -> None:
        """Note that the book is the truth, at *wall* seconds since the epoch."""
        self.verified_at, self.verified_by = wall, by
