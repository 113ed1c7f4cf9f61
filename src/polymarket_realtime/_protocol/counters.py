"""What one endpoint has heard, over all its connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

__all__ = ["FeedCounters"]

_MOST_TEXTS: Final = 100


@attrs.define
class FeedCounters:
    """Monotonic counts; one object outlives every connection of its endpoint.

    Attributes:
        messages: WebSocket messages, PONG included.
        events: The venue's events by public name, each object of an array for itself.
        texts: Messages that are not JSON, except PONG, by their first words.
        malformed: Events of a known kind that broke their format.
        duplicates: Changes that changed nothing, because the venue said them before.
        late_changes: Changes older than the snapshot that came before them.
        early_changes: Changes of a book whose snapshot has not come yet.
        unwanted_changes: Changes of tokens that nobody asked for: mirrored entries.
        duplicate_updates: Orders and trades of the account in a state that was told before.
        late_updates: Those in a state older than the one told last.
        late_books: Snapshots older than the book that they are of.
        replayed: Frames that came while a book was not the truth, and counted afterwards.
        gaps: Books that came back after something may have been missed.
        out_of_sync_seconds: How long books were not the truth, all together.
        hashes_equal: Comparisons of a book with the venue's hash that proved it.
        hashes_unequal: Those that spoke against it.
        hashes_unknown: Those that could not be made.
        resyncs: Books that were the truth and stopped being it while their connection lived.
        last_event: When the latest event came, in seconds since the epoch; None before.
    """

    messages: int = 0
    events: Counter[str] = attrs.field(factory=Counter)
    texts: Counter[str] = attrs.field(factory=Counter)
    malformed: int = 0
    duplicates: int = 0
    late_changes: int = 0
    early_changes: int = 0
    unwanted_changes: int = 0
    duplicate_updates: int = 0
    late_updates: int = 0
    resyncs: int = 0
    late_books: int = 0
    replayed: int = 0
    gaps: int = 0
    out_of_sync_seconds: float = 0.0
    hashes_equal: int = 0
    hashes_unequal: int = 0
    hashes_unknown: int = 0
    last_event: float | None = None

    def heard_frames(
        self, classes: Sequence[type], names: Mapping[type, str], received: float
    ) -> bool:
        """Count the frames of one read by their classes; whether any of them is an event.

        Args:
            classes: Of each frame.
            names: What those are called that are events.
            received: When they came, in seconds since the epoch.
        """
        # Nearly all of many frames are of one class; a frame that comes alone is its own count.
        counts = Counter(classes) if len(classes) > 1 else dict.fromkeys(classes, 1)
        news = False
        for cls, count in counts.items():
            if (name := names.get(cls)) is not None:
                self.events[name] += count
                news = True
        if news:
            self.last_event = received
        return news

    def heard_text(self, text: str) -> None:
        """Count a message that is not JSON; new texts beyond the first hundred count together."""
        head = text[:40]
        known = head in self.texts or len(self.texts) < _MOST_TEXTS
        self.texts[head if known else "other"] += 1

    def plus(self, other: FeedCounters) -> FeedCounters:
        """The sum of both; of the latest events the later one."""
        mine, others = attrs.asdict(self, recurse=False), attrs.asdict(other, recurse=False)
        latest = [each for each in (mine.pop("last_event"), others.pop("last_event")) if each]
        sums = {name: mine[name] + others[name] for name in mine}
        return FeedCounters(**sums, last_event=max(latest, default=None))
