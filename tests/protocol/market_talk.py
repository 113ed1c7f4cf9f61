"""A market protocol and a venue that talk to each other, without a clock or a socket."""

import json

from polymarket_realtime._codec.frames import PriceChange
from polymarket_realtime._model import feed, market
from polymarket_realtime._model.trust import AssetState
from polymarket_realtime._model.values import Side
from polymarket_realtime._protocol.book_store import BookStore
from polymarket_realtime._protocol.market import MarketProtocol
from polymarket_realtime.testing import make_book

YES, NO, OTHER = "1" * 77, "2" * 77, "3" * 77
START = 1000.0
WALL = 1_700_000_000.0
"""What the clock on the wall shows when the protocol's clock shows 0."""

BIDS = [("0.40", "100"), ("0.39", "50")]
ASKS = [("0.45", "80"), ("0.46", "20")]
T0 = 1_700_000_000_000


class Talk:
    """One connection. `now` is the time; everything said happens at it.

    `told` holds all events; what is given back leaves out states that are no loss.
    """

    def __init__(self, *assets, books=None, now=START, **knobs):
        self.books = BookStore() if books is None else books
        self.now = now
        self.protocol = MarketProtocol(
            self.books, frozenset(assets), now, wall_offset=WALL, **knobs
        )
        self.counters = self.protocol.counters
        self.told = []

    def _tell(self, events):
        self.told += events
        return [event for event in events if not _is_state(event) or _is_loss(event)]

    def hears(self, *said):
        """Frames (dicts, lists) or texts, in one read; the events that they give."""
        payloads = [text if isinstance(text, bytes) else _encode(text) for text in said]
        return self._tell(self.protocol.receive(payloads, self.now))

    def says(self):
        """What the protocol wants to send by now: JSON decoded, text as it is."""
        expected = self.protocol.has_frames()
        frames = self.protocol.frames_to_send()
        assert bool(frames) == expected
        assert not self.protocol.has_frames()
        return [json.loads(frame) if frame.startswith("{") else frame for frame in frames]

    def wants(self, *assets):
        self.protocol.set_interest(frozenset(assets), self.now)
        return self.says()

    def passes(self, seconds):
        """Let time pass at once; the events that it gives."""
        self.now += seconds
        return self._tell(self.protocol.advance(self.now))

    def waits(self, seconds):
        """Let time pass as the connection does, deadline by deadline, PONGs included.

        Gives the events, and each frame but `PING` with the second in which it is sent.
        """
        start, end, events, sent = self.now, self.now + seconds, [], []
        while (deadline := self.protocol.next_deadline()) <= end:
            assert deadline > self.now or self.books.untold, "a deadline that is met must not stay"
            self.now = max(self.now, deadline)
            events += self._tell(self.protocol.advance(self.now))
            said = self.says()
            if "PING" in said:
                events += self.hears("PONG")
            sent += [(self.now - start, frame) for frame in said if frame != "PING"]
        self.now = end
        return events, sent

    def until_it_asks(self):
        """Let time pass until frames other than `PING` are sent, and give those."""
        for _ in range(100):
            frames = [frame for frame in self.says() if frame != "PING"]
            if frames:
                return frames
            self.passes(self.protocol.next_deadline() - self.now)
            self.hears("PONG")
        raise AssertionError("nothing is asked for")

    def book(self, asset=YES):
        return self.books.get(asset)


def _encode(frame):
    return (frame if isinstance(frame, str) else json.dumps(frame)).encode()


def open_talk(*assets, books=None, now=START):
    """A connection whose first frame is sent and whose books have come."""
    assets = assets or (YES,)
    talk = Talk(*assets, books=books, now=now)
    talk.says()
    talk.hears([book(asset) for asset in assets])
    return talk


def book(asset=YES, bids=BIDS, asks=ASKS, *, at=0, **fields):
    """A snapshot, stamped `at` milliseconds after T0."""
    return make_book(asset, bids=bids, asks=asks, timestamp=T0 + at, **fields)


def resubscription(*assets):
    """The two frames that have books sent again."""
    wanted = sorted(assets)
    return [
        {"operation": "unsubscribe", "assets_ids": wanted},
        {"operation": "subscribe", "assets_ids": wanted, "custom_feature_enabled": True},
    ]


def kinds(events):
    """The classes of some events, PriceChangeEvent aside."""
    return [type(e) for e in events if not isinstance(e, market.PriceChangeEvent)]


def prices(events):
    return [event for event in events if isinstance(event, market.PriceChangeEvent)]


def lost(events):
    """The reasons of those events that say that a book has stopped being the truth."""
    return [event.reason for event in events if _is_loss(event)]


def _is_state(event):
    return isinstance(event, feed.StateChanged)


def _is_loss(event):
    return _is_state(event) and event.state is AssetState.OUT_OF_SYNC


def states(events):
    """The states that are told, in order."""
    return [event.state for event in events if isinstance(event, feed.StateChanged)]


def make_change(side, price, size, *, asset=YES, **fields):
    """A changed level as it comes from the wire."""
    return PriceChange(asset, price, size, Side(side), **fields)
