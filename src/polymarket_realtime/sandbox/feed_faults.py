"""Faults of the market channel that a sound connection carries: frames are missing, late or wrong.

They act where frames are queued for clients, so it does not matter what carries the connections.
Recordings that are replayed pass untouched; only `close` reaches their clients.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence
from typing import get_args

import attrs

from .connection import Close, MarketConnection
from .connections import Connections
from .damage import Damage, damage, without
from .frames import Frame
from .freezes import Cure, Freezes
from .latecomers import Late, Latecomers

__all__ = ["FeedFaults"]

LATEST_COPY = 4
"""Frames that may pass between a frame and its copy."""

UNSENDABLE = frozenset({1004, 1005, 1006, 1015})
"""Codes below 5000 that no close frame may hold. RFC 6455, 7.4."""

LONGEST_REASON = 123
"""Bytes of a close frame's reason. RFC 6455, 5.5."""


@attrs.define(eq=False)
class FeedFaults:
    """The switches. All take effect at once and none waits.

    A frame that no client is to hear counts for nothing. Texts that answer a client, such as
    `PONG`, are not frames.

    Attributes:
        injected: How many faults were switched on so far.
        freezes: Who hears nothing of which tokens.
    """

    _connections: Connections
    injected: int = attrs.field(default=0, init=False)
    freezes: Freezes = attrs.field(factory=Freezes, init=False, repr=False)
    _active: bool = attrs.field(default=False, init=False)
    _losses: Counter[str] = attrs.field(factory=Counter, init=False)
    _holds: defaultdict[str, deque[int]] = attrs.field(
        factory=lambda: defaultdict(deque), init=False
    )
    _damages: defaultdict[str, deque[Damage]] = attrs.field(
        factory=lambda: defaultdict(deque), init=False
    )
    _doubling: tuple[float, random.Random] | None = attrs.field(default=None, init=False)
    _late: Latecomers = attrs.field(factory=Latecomers, init=False)

    def freeze(self, token: str, *, cure: Cure = "heal") -> None:
        """Say nothing of a token any more: not in frames, and not in dumps.

        A `price_change` keeps its entries of the other token, for those who subscribe that one
        too. What is said of a market as a whole vanishes only for those who subscribe nothing else
        of it. What was not said is never made up for.

        Args:
            token: It need not be subscribed, or exist, yet.
            cure: What brings it back besides `heal`: `resubscribe`, for a connection on which it
                is unsubscribed and then subscribed by operations; `reconnect`, for connections
                that are opened from now on.

        Raises:
            ValueError: There is no such cure.
        """
        _check_choice("cure", cure, get_args(Cure))
        self._inject()
        self.freezes.begin(token, cure, self._connections.total)

    def lose(self, token: str, changes: int = 1) -> None:
        """Send the next so many entries of `price_change` frames about a token to nobody."""
        _check_count("changes", changes)
        self._inject()
        self._losses[token] += changes

    def hold_back(self, token: str, changes: int = 1, behind: int = 2) -> None:
        """Send the next so many `price_change` frames that name a token late.

        On each connection a frame waits until `behind` others that name the token have been sent;
        among themselves those that wait keep their order.
        """
        _check_count("changes", changes)
        _check_count("behind", behind)
        self._inject()
        self._holds[token].extend([behind] * changes)

    def duplicate(self, probability: float, chance: random.Random) -> None:
        """From now on, send some `price_change` frames twice.

        Args:
            probability: From 0, which ends it, to 1.
            chance: Decides which frames, and whether the copy comes at once or up to four frames
                later; asked in the same way however many clients there are.
        """
        if not 0 <= probability <= 1:
            raise ValueError(f"{probability} is no probability: give a number from 0 to 1")
        self._inject()
        self._doubling = (probability, chance) if probability else None

    def corrupt(self, token: str, how: Damage) -> None:
        """Damage the next frame, or dump, that says something of a token which can be wrong.

        Args:
            token: The damage concerns what is said of it.
            how: `cut` ends the text in the middle; `field` makes a price of it unreadable in valid
                JSON; `digit` alters one digit of a size of it, which nobody can see.

        Raises:
            ValueError: There is no such damage.
        """
        _check_choice("how", how, get_args(Damage))
        self._inject()
        self._damages[token].append(how)

    def close(self, code: int = 1001, reason: str = "going away") -> int:
        """End every connection of the channel by a close frame; returns how many.

        Raises:
            ValueError: No close frame can say that.
        """
        if not 1000 <= code < 5000 or code in UNSENDABLE:
            raise ValueError(f"{code} is no close code: 1000 to 4999, without those for inside use")
        if len(reason.encode()) > LONGEST_REASON:
            raise ValueError(f"a reason has at most {LONGEST_REASON} bytes, this is longer")
        self.injected += 1
        clients = list(self._connections.of_kind(MarketConnection))
        for connection in clients:
            connection.close(Close(code, reason))
        return len(clients)

    def heal(self) -> None:
        """End all of them. What is held back is lost."""
        self._active, self._doubling = False, None
        for each in (self.freezes, self._losses, self._holds, self._damages, self._late):
            each.clear()

    # For those who queue frames

    def deliver(self, frame: Frame, audience: Sequence[MarketConnection]) -> None:
        """Queue a frame for those whom it concerns, as the faults have it."""
        if not self._active:
            for connection in audience:
                connection.offer(frame.text)
            return
        lost, after = self._lost_entries(frame), self._copy_after(frame)
        texts = {
            connection: text
            for connection in audience
            if (text := self._text_for(connection, frame, lost)) is not None
        }
        self._damage(texts, frame.tokens)
        held = self._hold(frame, texts.values())
        for connection, text in texts.items():
            if held is not None and held.token is not None and held.token in text:
                self._late.add(connection, attrs.evolve(held, text=text))
                continue
            connection.offer(text)
            if after == 0:
                connection.offer(text)
            self._late.release(connection, text)
            if after:
                self._late.add(connection, Late(text, after))

    def deliver_dump(self, connection: MarketConnection, text: str) -> None:
        """Queue books for one client, without those that are frozen."""
        texts = {connection: text}
        self._damage(texts, list(self._damages))
        connection.offer(texts[connection])
        self._late.release(connection, text)

    def _inject(self) -> None:
        self.injected += 1
        self._active = True

    def _lost_entries(self, frame: Frame) -> set[int]:
        """Positions of the entries that nobody is to get."""
        lost: set[int] = set()
        if not _is_change(frame) or not any(self._losses[token] for token in frame.tokens):
            return lost
        for position, entry in enumerate(json.loads(frame.text)["price_changes"]):
            if self._losses[entry["asset_id"]]:
                self._losses[entry["asset_id"]] -= 1
                lost.add(position)
        return lost

    def _copy_after(self, frame: Frame) -> int | None:
        """After how many frames a copy follows; None for never."""
        if self._doubling is None or not _is_change(frame):
            return None
        probability, chance = self._doubling
        return chance.randint(0, LATEST_COPY) if chance.random() < probability else None

    def _text_for(
        self, connection: MarketConnection, frame: Frame, lost: Collection[int]
    ) -> str | None:
        hidden = {token for token in frame.tokens if not self.freezes.hears(connection, token)}
        if not hidden and not lost:
            return frame.text
        wanted = connection.tokens.intersection(frame.tokens)
        if not frame.broadcast and wanted <= hidden:
            return None
        return without(frame.text, hidden, lost)

    def _damage(self, texts: dict[MarketConnection, str], tokens: Collection[str]) -> None:
        """Damage what is to be damaged, alike for everybody."""
        for token in tokens:
            if not self._damages.get(token):
                continue
            how = self._damages[token][0]
            damaged = {
                connection: result
                for connection, text in texts.items()
                if (result := damage(text, token, how)) is not None
            }
            if damaged:
                texts |= damaged
                self._damages[token].popleft()

    def _hold(self, frame: Frame, texts: Collection[str]) -> Late | None:
        """How the frame is held back on connections where it names the token; None if not."""
        if not _is_change(frame):
            return None
        for token in frame.tokens:
            if self._holds.get(token) and any(token in text for text in texts):
                return Late("", self._holds[token].popleft(), token)
        return None


def _is_change(frame: Frame) -> bool:
    return '"price_changes":' in frame.text


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{value!r} is no {name}; there are {', '.join(known)}")


def _check_count(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} is a number of 1 or more, not {value}")
