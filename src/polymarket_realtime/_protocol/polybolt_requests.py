"""What is asked of PolyBolt on one connection, and what its answers mean.

One request is on its way at a time: an answer repeats the request's id and a channel, but not
the symbol, so only its place in the order tells which stream it is about.

Limits: 64 streams a connection, 20 requests a second, 64 KB a frame, 8 authentications.
Source: docs.polymarket.com, "PolyBolt WebSocket"; the official SDK leaves 110 ms between two
requests and waits 10 s for an answer.
"""

from __future__ import annotations

import logging
import math
from enum import StrEnum
from itertools import count
from typing import Final, Literal

import attrs

from polymarket_realtime._codec.polybolt import (
    AnswerFrame,
    channel_of,
    encode_auth,
    encode_ping,
    encode_subscription,
)
from polymarket_realtime._model.credentials import Credentials
from polymarket_realtime._model.live import PriceStream
from polymarket_realtime._protocol.streams import Streams
from polymarket_realtime.errors import CredentialsRejected, RequestFailed

__all__ = ["Op", "Requests", "Verdict"]

log = logging.getLogger("polymarket_realtime.feed.prices")

_SPACING: Final = 0.11
_ANSWER_WITHIN: Final = 10.0
_MOST_STREAMS: Final = 64
_MOST_A_FRAME: Final = 32
"""Streams a request: some 3 KB, as symbols have at most 32 characters."""

_LONGEST_PAUSE: Final = 60.0
_SOON: Final = 60.0
"""Seconds: credentials that fail again within these were not merely expired."""

_Verb = Literal["authenticate", "subscribe", "unsubscribe", "ping"]


class _Phase(StrEnum):
    """How far a stream has come on this connection; it has none before it is asked for."""

    ASKED = "asked"
    SERVED = "served"
    LEAVING = "leaving"
    REFUSED = "refused"
    """Not asked for again here."""


@attrs.frozen
class Op:
    """A request that goes out now: the streams that it asks for, and those that it ends."""

    text: str = attrs.field(repr=False)
    asked: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@attrs.frozen
class Verdict:
    """The venue serves a stream, or with a `refusal`, its error code, never will."""

    key: str
    refusal: str | None = None


@attrs.define
class _Pending:
    verb: _Verb
    rid: str
    deadline: float
    keys: list[str]
    """Not answered yet."""


class Requests:
    """Both sides of the conversation. Asked with the time, it knows no clock.

    Args:
        credentials: Sent in the first request.
        streams: Those known not to be served are asked for last and alone, so that they cannot
            spoil a request for others.
        now: When the connection was opened.

    Attributes:
        authed: Whether the venue has accepted the credentials, and does so still.
    """

    def __init__(self, credentials: Credentials, streams: Streams, now: float) -> None:
        self.authed = False
        self._credentials, self._streams = credentials, streams
        self._wanted: frozenset[str] = frozenset()
        self._phases: dict[str, _Phase] = {}
        self._pending: _Pending | None = None
        self._rids = count(1)
        self._ping_due = False
        self._not_before = self._paused_until = now
        self._refusals = 0
        self._authed_at = now
        self._renewed = False

    # Out

    def want(self, wanted: frozenset[str]) -> None:
        """Ask for exactly these from now on."""
        self._wanted = wanted
        self._phases = {
            key: phase
            for key, phase in self._phases.items()
            if phase is not _Phase.REFUSED or key in wanted
        }

    def held(self) -> frozenset[str]:
        """The streams that have a place on this connection, or are to leave it."""
        return frozenset(self._phases)

    def ping(self) -> None:
        """Ask for a `pong` as soon as there is room."""
        self._ping_due = True

    def is_ready(self, now: float) -> bool:
        """Whether `take` would give a request."""
        return now >= self._not_before and self._due(now) is not None

    def take(self, now: float) -> Op | None:
        """The request that goes now, if one may. May hold secrets."""
        due = self._due(now)
        if due is None or now < self._not_before:
            return None
        verb, keys = due
        rid = str(next(self._rids))
        self._not_before = now + _SPACING
        if verb == "ping":
            self._ping_due = False
            return Op(encode_ping(rid))
        self._pending = _Pending(verb, rid, now + _ANSWER_WITHIN, list(keys))
        if verb == "authenticate":
            return Op(encode_auth(rid, self._credentials))
        text = encode_subscription(verb, rid, map(PriceStream.from_key, keys))
        asking = verb == "subscribe"
        self._phases.update(dict.fromkeys(keys, _Phase.ASKED if asking else _Phase.LEAVING))
        return Op(text, asked=keys) if asking else Op(text, left=keys)

    def _due(self, now: float) -> tuple[_Verb, tuple[str, ...]] | None:
        """What is to be asked next, whether or not it may go yet."""
        if self._pending is None and not self.authed:
            return "authenticate", ()
        if self._pending is None and now >= self._paused_until:
            if leaving := self._leaving():
                return "unsubscribe", leaving
            if newcomers := self._newcomers():
                return "subscribe", newcomers
        return ("ping", ()) if self._ping_due else None

    def _leaving(self) -> tuple[str, ...]:
        unwanted = sorted(self._phases.keys() - self._wanted)
        return tuple(k for k in unwanted if self._phases[k] is _Phase.SERVED)[:_MOST_A_FRAME]

    def _newcomers(self) -> tuple[str, ...]:
        carried = sum(phase is not _Phase.REFUSED for phase in self._phases.values())
        room = min(_MOST_STREAMS - carried, _MOST_A_FRAME)
        free = sorted(self._wanted - self._phases.keys())
        promising = [key for key in free if not self._streams.is_gone(key)]
        return tuple(promising[:room] if promising else free[: min(room, 1)])

    # Time

    def next_deadline(self, now: float) -> float:
        """When a request may go that waits, or when an answer is overdue."""
        times = [math.inf]
        if self._pending is not None:
            times.append(self._pending.deadline)
        elif self._paused_until > now:
            times.append(self._paused_until)
        if self._due(now) is not None:
            times.append(self._not_before)
        return min(times)

    def check(self, now: float) -> None:
        """See whether the venue answers.

        Raises:
            RequestFailed: An answer is overdue.
        """
        if self._pending is not None and now >= self._pending.deadline:
            raise RequestFailed(self._pending.verb, f"no answer within {_ANSWER_WITHIN:g} s")

    # In

    def answer(self, frame: AnswerFrame, now: float) -> Verdict | None:
        """Take an answer; gives what it decides about a stream, if anything.

        Raises:
            CredentialsRejected: The venue does not accept the credentials.
            RequestFailed: It could not check them, or wants them too often.
        """
        match frame.op:
            case "authed" if self._pending is not None and self._pending.verb == "authenticate":
                self.authed, self._authed_at, self._pending = True, now, None
            case "subscribed" if (key := self._answered(frame, "subscribe")) is not None:
                self._phases[key] = _Phase.SERVED
                self._refusals = 0
                return Verdict(key)
            case "unsubscribed" if (key := self._answered(frame, "unsubscribe")) is not None:
                del self._phases[key]
            case "error":
                return self._on_error(frame, now)
            case "pong":
                pass
            case _:
                log.info("an answer to no request: %s", frame)
        return None

    def _answered(self, frame: AnswerFrame, verb: _Verb | None = None) -> str | None:
        """The stream that an answer is about: the first one of its channel that has none yet."""
        pending = self._pending
        if pending is None or verb not in (None, pending.verb):
            return None
        if frame.rid not in (None, pending.rid):
            return None
        for key in pending.keys:
            if frame.channel in (None, channel_of(PriceStream.from_key(key))):
                pending.keys.remove(key)
                if not pending.keys:
                    self._pending = None
                return key
        return None

    def _on_error(self, frame: AnswerFrame, now: float) -> Verdict | None:
        match frame.code:
            case "auth_invalid" | "auth_attempts":
                raise CredentialsRejected(f"the venue says {frame.code}")
            case "auth_unavailable":
                problem = "the venue cannot check credentials just now"
                raise RequestFailed("authenticate", problem)
            case "auth_expired" | "auth_required":
                self._authenticate_again(frame.code, now)
            case "bad_filter" | "bad_channel":
                if (key := self._answered(frame)) is not None:
                    return self._refused(key, frame.code)
            case "sub_limit" | "rate_limited":
                self._try_later(frame, now)
            case _ if self._pending is not None and frame.rid == self._pending.rid:
                self._try_later(frame, now)  # without its rid it might be about anything
        return None

    def _refused(self, key: str, code: str) -> Verdict | None:
        if self._phases.pop(key) is _Phase.LEAVING:
            return None
        self._phases[key] = _Phase.REFUSED
        return Verdict(key, code)

    def _try_later(self, frame: AnswerFrame, now: float) -> None:
        """Let the stream wait, and each refusal after a pause make the next pause longer."""
        key = self._answered(frame)
        if key is not None and self._phases.pop(key) is _Phase.LEAVING:
            self._phases[key] = _Phase.SERVED
        if now >= self._paused_until:
            self._refusals += 1
            self._paused_until = now + min(2.0**self._refusals, _LONGEST_PAUSE)

    def _authenticate_again(self, code: str, now: float) -> None:
        """Once a connection; the streams are asked for anew, which costs nothing if they flow."""
        if not self.authed:
            return  # each stream of a refused request brings this error
        if self._renewed and now < self._authed_at + _SOON:
            raise CredentialsRejected(f"the venue says {code} as soon as it has accepted them")
        if self._renewed:
            raise RequestFailed("stay authenticated", f"the venue says {code} once more")
        self._renewed, self.authed, self._pending = True, False, None
        self._phases = {
            key: phase if phase is _Phase.REFUSED else _Phase.SERVED
            for key, phase in self._phases.items()
            if phase is _Phase.REFUSED or key not in self._wanted
        }
