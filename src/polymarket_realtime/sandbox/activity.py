"""Everybody's trades, as the topic `activity` tells them: the taker's side, and each maker's.

Source: docs.polymarket.com, Real-Time Data; a frame recorded on 2026-08-19.
"""

from __future__ import annotations

import random
from typing import Any

import attrs

from .books import ONE, SHARE, Change
from .floor import Match
from .people import Crowd, Person

__all__ = ["Activity"]

_IMAGE = "https://sandbox.invalid/market.png"


@attrs.define(eq=False)
class Activity:
    """Turns trades into rows; who trades is a matter of chance, the account is one of many."""

    crowd: Crowd
    chance: random.Random

    def rows(self, match: Match, seconds: int) -> list[dict[str, Any]]:
        """The payloads of one settlement: the taker first, then at least one maker a level."""
        people = self.crowd.people
        taker, *others = self.chance.sample(people, k=min(len(people), 1 + len(match.levels)))
        bought = Change(match.taker.outcome, match.taker.side, match.price, match.taker.size)
        rows = [_row(match, bought, taker, seconds)]
        for number, level in enumerate(match.levels):
            # A maker may be on either token: a bid for one is an offer of the other.
            given = self.chance.choice((level, level.mirrored()))
            rows.append(_row(match, given, others[number % len(others)], seconds))
        return rows


def _row(match: Match, side: Change, who: Person, seconds: int) -> dict[str, Any]:
    market = match.market
    return {
        "asset": market.token_ids[side.outcome],
        "bio": "",
        "conditionId": market.condition_id,
        "eventSlug": market.event.slug,
        "icon": _IMAGE,
        "name": who.name,
        "outcome": market.outcomes[side.outcome],
        "outcomeIndex": side.outcome,
        "price": side.price / ONE,
        "profileImage": "",
        "proxyWallet": who.wallet,
        "pseudonym": who.pseudonym,
        "side": side.side,
        "size": side.size / SHARE,
        "slug": market.slug,
        "timestamp": seconds,
        "title": market.question,
        "transactionHash": match.transaction,
    }
