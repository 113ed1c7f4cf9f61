"""Whether what is shown of a token is the truth: in one word, since when, and why."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, StrEnum
from typing import Final

import attrs

from polymarket_realtime._model.text import plain_text
from polymarket_realtime._model.values import utc_from_seconds

__all__ = ["AssetState", "Doubt", "Proof", "Standing", "Verification", "worst"]


class AssetState(StrEnum):
    """What may be believed of a token's book and price."""

    CONNECTING = "connecting"
    """Its first book has not come yet."""
    LIVE = "live"
    """Its book is kept, change by change, and nothing speaks against it."""
    QUIET = "quiet"
    """Silent for longer than it usually is, and a witness agrees that nothing has changed."""
    SUSPECT = "suspect"
    """Shown, but in doubt: silent with no witness, not what its hash says, or late."""
    FROZEN = "frozen"
    """The witness has moved on and the socket has not: what was shown last is wrong."""
    RESYNCING = "resyncing"
    """Not the truth; a fresh book has been asked for."""
    OUT_OF_SYNC = "out_of_sync"
    """Not the truth; what would make it so has not been asked for, or cannot be."""
    RESOLVED = "resolved"
    """Its market is settled: nothing will come any more."""
    UNKNOWN_ASSET = "unknown_asset"
    """The venue has no such book."""

    @property
    def in_sync(self) -> bool:
        """Whether there is a book to be shown. Only `LIVE` and `QUIET` are to be acted on."""
        return self in _SHOWN


_SHOWN: Final = frozenset({AssetState.LIVE, AssetState.QUIET, AssetState.SUSPECT})

_BEST_FIRST: Final = (
    AssetState.LIVE,
    AssetState.QUIET,
    AssetState.RESOLVED,
    AssetState.CONNECTING,
    AssetState.SUSPECT,
    AssetState.RESYNCING,
    AssetState.OUT_OF_SYNC,
    AssetState.FROZEN,
    AssetState.UNKNOWN_ASSET,
)


class Doubt(Enum):
    """Why a token is `SUSPECT`, which decides what ends it."""

    SILENCE = "silence"
    """Nothing comes and nobody agrees with it; a fresh book, or the witness, ends it."""
    HASH = "hash"
    """The book is not what the venue's hash says; the witness, or a later hash, ends it."""
    LAG = "lag"
    """All of its connection comes late; being in time again ends it."""


class Proof(StrEnum):
    """What says that a book is the truth."""

    SNAPSHOT = "snapshot"
    """The venue has sent it whole, on the socket."""
    HASH = "hash"
    """The venue's hash of it was recomputed, and is equal."""
    REST = "rest"
    """The venue's REST shows the same."""


class Verification(StrEnum):
    """How much is done to find books that are wrong without anybody saying so."""

    OFF = "off"
    """Nothing is compared."""
    TOP = "top"
    """The best prices are compared with the venue's word on them, with each change."""
    SAMPLE = "sample"
    """`TOP`, and every few seconds each book that has changed is compared with its hash."""
    ALWAYS = "always"
    """`TOP`, and every book is compared with its hash after each burst of changes."""


@attrs.frozen
class Standing:
    """The state of one token.

    Attributes:
        state: The word.
        since: When it began, in seconds since the epoch.
        reason: Why, one sentence for a person; empty if there is nothing to explain.
    """

    state: AssetState
    since: float
    reason: str = attrs.field(converter=plain_text)

    @property
    def since_at(self) -> datetime:
        """When it began, aware UTC."""
        return utc_from_seconds(self.since)


NOT_YET: Final = Standing(AssetState.CONNECTING, 0.0, "its first book has not come yet")
"""That of a token about which nothing has happened yet."""


def worst(standings: list[Standing]) -> Standing | None:
    """The one to worry about most, of equal ones the oldest; None of none."""
    rank = _BEST_FIRST.index
    return max(standings, key=lambda each: (rank(each.state), -each.since), default=None)
