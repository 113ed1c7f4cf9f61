"""Comments and reactions, as the topic `comments` tells them.

Source: docs.polymarket.com, Real-Time Data. No raw frame of this topic was ever recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs

from .people import Person

__all__ = ["SMALL_TALK", "Forum"]

FIRST_COMMENT_ID = 2_100_000
FIRST_REACTION_ID = 880_000

SMALL_TALK = (
    "The book looks thin above here.",
    "Who is selling at this price?",
    "I would not fade this.",
    "Resolution rules matter more than the headline.",
    "Up only",
    "Taking profit, good luck everybody.",
    "Does anybody read the order book any more?",
)
"""What people say without being asked."""


@attrs.define(eq=False)
class Forum:
    """What was said; it grows for as long as the sandbox runs.

    Unknown ids are a `ValueError`.

    Attributes:
        clock: Seconds since the epoch.
        comments: Payloads by id, oldest first, without those that were removed.
        reactions: Likewise.
    """

    clock: Callable[[], float]
    comments: dict[str, dict[str, Any]] = attrs.field(factory=dict, init=False)
    reactions: dict[str, dict[str, Any]] = attrs.field(factory=dict, init=False)
    _written: int = attrs.field(default=0, init=False)
    _clicked: int = attrs.field(default=0, init=False)

    def write(
        self, author: Person, body: str, *, parent_type: str, parent_id: int, reply_to: str | None
    ) -> dict[str, Any]:
        """A new comment; its payload."""
        answered = self._comment(reply_to) if reply_to else None
        self._written += 1
        now = self._now()
        payload = self.comments[str(FIRST_COMMENT_ID + self._written)] = {
            "id": str(FIRST_COMMENT_ID + self._written),
            "body": body,
            "parentEntityType": parent_type,
            "parentEntityID": parent_id,
            "parentCommentID": reply_to or "",
            "userAddress": author.wallet,
            "replyAddress": answered["userAddress"] if answered else "",
            "createdAt": now,
            "updatedAt": now,
            "media": [],
            "profile": author.profile(),
            "reactions": [],
            "reportCount": 0,
            "reactionCount": 0,
            "tradeAsset": "",
        }
        return payload

    def remove(self, comment_id: str) -> dict[str, Any]:
        """A comment is gone; its payload."""
        comment = self._comment(comment_id)
        del self.comments[comment_id]
        return comment

    def react(self, who: Person, comment_id: str, kind: str) -> dict[str, Any]:
        """A new reaction; its payload."""
        self._comment(comment_id)["reactionCount"] += 1
        self._clicked += 1
        payload = self.reactions[str(FIRST_REACTION_ID + self._clicked)] = {
            "id": str(FIRST_REACTION_ID + self._clicked),
            "commentID": int(comment_id),
            "reactionType": kind,
            "icon": "",
            "userAddress": who.wallet,
            "createdAt": self._now(),
            "profile": who.profile(),
        }
        return payload

    def take_back(self, reaction_id: str) -> dict[str, Any]:
        """A reaction is gone; its payload."""
        if reaction_id not in self.reactions:
            raise ValueError(f"there is no reaction {reaction_id}")
        return self.reactions.pop(reaction_id)

    def _comment(self, comment_id: str) -> dict[str, Any]:
        if comment_id not in self.comments:
            raise ValueError(f"there is no comment {comment_id}")
        return self.comments[comment_id]

    def _now(self) -> str:
        """ISO 8601, in milliseconds."""
        now = datetime.fromtimestamp(self.clock(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
