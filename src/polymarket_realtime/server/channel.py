"""Claude Code's channel: conditions that are met, put into the conversation of a running model.

Each message costs a turn of the model, so they are few. The text of a market was written by
strangers; it is set apart as data, and is not what the message says.

Source: code.claude.com, "Channels reference" (a research preview).
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Final

import attrs
from pydantic import BaseModel

from polymarket_realtime._model.condition import ConditionMet

__all__ = ["CHANNEL_CAPABILITY", "Channel", "ChannelNotification"]

CHANNEL_CAPABILITY: Final = "claude/channel"

_MINUTE: Final = 60.0


class ChannelParams(BaseModel):
    """The message, and attributes of the tag that it is wrapped in."""

    content: str
    meta: dict[str, str]


class ChannelNotification(BaseModel):
    """`notifications/claude/channel`."""

    method: str = "notifications/claude/channel"
    params: ChannelParams


@attrs.define(eq=False)
class Channel:
    """Makes messages of conditions, a few a minute.

    Attributes:
        per_minute: How many, at most.
        suppressed: Conditions that were met and not told since the last message.
    """

    per_minute: int = attrs.field(validator=attrs.validators.ge(1))
    suppressed: int = attrs.field(default=0, init=False)
    _sent: deque[float] = attrs.field(factory=deque, init=False)

    def message(
        self, subscription_id: str, event: ConditionMet, now: float
    ) -> ChannelNotification | None:
        """The message for one of them; None if there have been too many within a minute."""
        while self._sent and now - self._sent[0] >= _MINUTE:
            self._sent.popleft()
        if len(self._sent) >= self.per_minute:
            self.suppressed += 1
            return None
        self._sent.append(now)
        content = json.dumps(self._content(event), ensure_ascii=False)
        self.suppressed = 0
        meta = {"subscription_id": subscription_id, "when": str(event.when)}
        return ChannelNotification(params=ChannelParams(content=content, meta=meta))

    def _content(self, event: ConditionMet) -> dict[str, Any]:
        told: dict[str, Any] = {
            "condition_met": event.condition,
            "direction": None if event.direction is None else str(event.direction),
            "before": None if event.before is None else f"{event.before:f}",
            "value": None if event.value is None else f"{event.value:f}",
            "state": None if event.state is None else str(event.state),
            "at": event.received_at.isoformat(timespec="seconds"),
            "untrusted_market_text": {"question": event.question, "outcome": event.outcome},
        }
        if self.suppressed:
            told["not_told_since"] = self.suppressed
        return {name: value for name, value in told.items() if value is not None}
