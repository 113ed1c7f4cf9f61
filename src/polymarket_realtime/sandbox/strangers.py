"""The other makers in a trade: invented, seeded, and never the same one twice."""

from __future__ import annotations

import random

import attrs

from .books import Change
from .credentials import funder_of, seeded_uuid
from .markets import seeded_hex
from .orders import MakerOrder

__all__ = ["Party", "Strangers"]


@attrs.frozen
class Party:
    """A party to a trade: API key, address of the funds, and the order that traded."""

    owner: str
    maker_address: str
    order_id: str


@attrs.define(eq=False)
class Strangers:
    """Invents people; one seed gives one sequence of them."""

    seed: int
    chance: random.Random
    _met: int = attrs.field(default=0, init=False)

    def meet(self) -> Party:
        """The next one."""
        self._met += 1
        name = str(self._met)
        return Party(
            seeded_uuid(self.seed, "stranger", name),
            funder_of(self.seed, name),
            "0x" + seeded_hex(self.seed, "order", name),
        )

    def make(self, level: Change) -> list[MakerOrder]:
        """One or two who gave what a level lost, each on either of the two tokens."""
        first = self.chance.randint(1, level.size) if level.size else 0
        return [
            self._make(self.chance.choice((level, level.mirrored())), amount)
            for amount in (first, level.size - first)
            if amount
        ]

    def _make(self, side: Change, amount: int) -> MakerOrder:
        who = self.meet()
        return MakerOrder(
            order_id=who.order_id,
            owner=who.owner,
            maker_address=who.maker_address,
            outcome=side.outcome,
            side=side.side,
            price=side.price,
            amount=amount,
        )
