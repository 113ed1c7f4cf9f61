"""Each live feed survives a cut, a stall and a rotation on real sockets, and tells its gaps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import pytest
import trio
from sandbox_settings import settings_of

from polymarket_realtime import (
    ActivityTopic,
    ActivityTrade,
    Comment,
    CommentTopic,
    Connected,
    Credentials,
    Event,
    Gap,
    Interrupted,
    LiveTopic,
    PriceKind,
    PriceStream,
    Reaction,
    ReferencePrice,
    ReferencePriceTopic,
    Secret,
    Service,
    SportResult,
    SportsTopic,
    StreamGone,
    Subscription,
    open_service,
)
from polymarket_realtime.sandbox import Sandbox, SandboxConfig, open_sandbox

BITCOIN = PriceStream(PriceKind.CRYPTO, "btcusd")


@attrs.frozen
class Feed:
    """One feed, how it is listened to, and what makes it speak."""

    name: str
    endpoint: str
    topic: LiveTopic
    kind: type[Event]
    speak: Callable[[Sandbox, int], None]
    account: bool = False


def trade(sandbox: Sandbox, number: int) -> None:
    market = sandbox.exchange.markets[0]
    side = "BUY" if number % 2 else "SELL"
    token = market.token_ids[0]
    levels = sandbox.exchange.book(token)["asks" if side == "BUY" else "bids"]
    sandbox.exchange.trade(token, side, str(min(Decimal(1), Decimal(levels[-1]["size"]) / 2)))


def price(sandbox: Sandbox, number: int) -> None:
    sandbox.live.price("btcusd", str(70_000 + number))


def score(sandbox: Sandbox, number: int) -> None:
    game = next(game for game in sandbox.live.games if game.sport == "soccer")
    sandbox.live.score(game.game_id, f"{number}-0", "2H")


def comment(sandbox: Sandbox, number: int) -> None:
    event = sandbox.exchange.markets[0].event
    sandbox.live.comment(f"remark {number}", event_id=event.id)


ACTIVITY = Feed("activity", "rtds", ActivityTopic(), ActivityTrade, trade)
COMMENTS = Feed("comments", "rtds", CommentTopic(), Comment, comment)
SPORTS = Feed("sports", "sports", SportsTopic(), SportResult, score)
RTDS_PRICE = Feed("rtds price", "prices", ReferencePriceTopic(BITCOIN), ReferencePrice, price)
POLYBOLT = attrs.evolve(RTDS_PRICE, name="polybolt", account=True)
FEEDS = [ACTIVITY, COMMENTS, SPORTS, RTDS_PRICE, POLYBOLT]


def each_of(*feeds: Feed):
    return pytest.mark.parametrize("feed", feeds, ids=lambda feed: feed.name)


class Listener:
    """Reads a feed and remembers everything."""

    def __init__(self, sandbox: Sandbox, service: Service, events: Subscription) -> None:
        self.sandbox, self.service, self.events = sandbox, service, events
        self.heard: list[Event] = []

    async def until(self, matches: Callable[[Event], bool]) -> Event:
        """The next event that matches, everything before it being read."""
        with trio.fail_after(15):
            async for event in self.events:
                self.heard.append(event)
                if matches(event):
                    return event
        raise AssertionError("the subscription has ended")

    async def next(self, kind: type[Event]) -> Event:
        return await self.until(lambda event: isinstance(event, kind))

    @property
    def continuity(self) -> list[type[Event]]:
        kinds = (Connected, Interrupted, Gap, StreamGone)
        return [type(event) for event in self.heard if isinstance(event, kinds)]


@asynccontextmanager
async def listening(feed: Feed, config: dict | None = None, **changes) -> AsyncIterator[Listener]:
    """A reader of a feed that speaks twenty times a second."""
    quiet = {"rate": 0, "lifecycle": False, "account": False, "game_interval": 0.2}
    quick = {"ping_interval": 0.4, "ping_timeout": 0.8, "data_timeout": 1.0} | changes
    async with open_sandbox(SandboxConfig(**(quiet | (config or {})))) as sandbox:
        settings = settings_of(sandbox, account=feed.account, **quick)
        async with (
            open_service(settings, uniform=lambda low, _: low) as service,
            trio.open_nursery() as nursery,
        ):

            async def speak() -> None:
                number = 0
                while True:
                    number += 1
                    feed.speak(sandbox, number)
                    await trio.sleep(0.05)

            with service.subscribe(feed.topic, capacity=10_000) as events:
                nursery.start_soon(speak)
                listener = Listener(sandbox, service, events)
                await listener.next(feed.kind)
                yield listener
            nursery.cancel_scope.cancel()


@each_of(*FEEDS)
async def test_a_cut_is_told_and_the_gap_after_it(feed):
    async with listening(feed) as listener:
        listener.sandbox.faults.cut()
        await listener.next(Interrupted)
        gap = await listener.next(Gap)
        await listener.next(feed.kind)
    assert listener.continuity == [Connected, Interrupted, Connected, Gap]
    assert (gap.feed, gap.reason) == (feed.endpoint, "the connection was lost")
    assert 0 <= gap.gap_seconds < 5
    # What the venue keeps of the last two minutes closes a short gap of prices, and no other.
    assert gap.filled is (feed.kind is ReferencePrice)


# Comments may be rare: without data nothing shows a stall of theirs for ten minutes.
@each_of(ACTIVITY, SPORTS, RTDS_PRICE, POLYBOLT)
async def test_a_stalled_connection_is_replaced_and_the_gap_is_told(feed):
    async with listening(feed) as listener:
        listener.sandbox.faults.stall()
        await listener.next(Interrupted)
        listener.sandbox.faults.heal()
        gap = await listener.next(Gap)
        await listener.next(feed.kind)
    assert listener.continuity[-1] is Gap
    assert gap.gap_seconds > 0


@each_of(ACTIVITY, RTDS_PRICE, POLYBOLT)
async def test_a_feed_that_falls_silent_while_its_connection_lives_is_noticed(feed):
    async with listening(feed) as listener:
        for name in ("rtds", "polybolt"):
            listener.sandbox.live.quiet(name)
        interrupted = await listener.next(Interrupted)
        for name in ("rtds", "polybolt"):
            listener.sandbox.live.quiet(name, False)
        gap = await listener.next(Gap)
    assert "although the connection is open" in interrupted.reason
    assert gap.gap_seconds >= 1.0


@each_of(ACTIVITY, COMMENTS, RTDS_PRICE)
async def test_a_planned_rotation_is_no_gap_and_tells_nothing_twice(feed):
    async with listening(feed, connection_lifetime=1.0) as listener:
        connections = listener.sandbox.statistics().connections_total
        while listener.sandbox.statistics().connections_total < connections + 3:
            await listener.next(feed.kind)
    assert listener.continuity == [Connected]
    told = [event for event in listener.heard if isinstance(event, feed.kind)]
    assert len({identity(event) for event in told}) == len(told)


def identity(event: Event) -> object:
    match event:
        case ActivityTrade():
            return (event.transaction_hash, event.wallet, event.asset_id, event.size)
        case Comment():
            return event.comment_id
        case ReferencePrice():
            return event.timestamp_ms
    raise AssertionError(event)


async def test_the_end_that_the_venue_plans_is_a_gap_if_it_comes_first():
    async with listening(ACTIVITY, {"rtds_lifetime": 1.0}) as listener:
        interrupted = await listener.next(Interrupted)
        await listener.next(Gap)
    assert "1001" in interrupted.reason or "planned" in interrupted.reason


async def test_a_topic_that_the_venue_has_retired_is_gone_and_names_what_follows_it():
    config = SandboxConfig(rate=0, retired=frozenset({"crypto_prices_chainlink"}))
    async with open_sandbox(config) as sandbox, open_service(settings_of(sandbox)) as service:
        with trio.fail_after(10), service.subscribe(RTDS_PRICE.topic) as events:
            gone = [event async for event in until(events, StreamGone)][-1]
            with service.subscribe(RTDS_PRICE.topic) as late:
                assert late.receive_nowait() == [gone]
            (stream,) = service.status().connections["prices"].streams
    assert (gone.feed, gone.stream) == ("prices", BITCOIN.key)
    assert "PolyBolt" in gone.instead
    assert (stream.name, stream.state) == (BITCOIN.key, "gone")


async def until(events: Subscription, kind: type[Event]) -> AsyncIterator[Event]:
    """Everything up to the first of a kind."""
    async for event in events:
        yield event
        if isinstance(event, kind):
            return


@pytest.mark.parametrize("loss", ["skip", "drop"])
async def test_events_that_polybolt_leaves_out_are_a_gap_with_their_number(loss):
    async with listening(POLYBOLT) as listener:
        getattr(listener.sandbox.live, loss)("price.crypto", 3)
        gap = await listener.next(Gap)
        await listener.next(ReferencePrice)
    assert (gap.missed, gap.filled) == (3, False)
    assert Interrupted not in listener.continuity


async def test_polybolt_is_not_dialled_with_a_key_that_it_refuses_but_with_another_one():
    async with listening(POLYBOLT) as listener:
        sandbox = listener.sandbox
        sandbox.keys.revoke(sandbox.credentials.api_key)
        sandbox.live.revoke(sandbox.credentials.api_key)
        refused = await listener.next(Interrupted)
        endpoint = listener.service.status().connections["prices"]
        new = sandbox.keys.issue(sandbox.address, 1)
        credentials = Credentials(
            api_key=Secret(new.api_key),
            secret=Secret(new.secret),
            passphrase=Secret(new.passphrase),
        )
        listener.service.use_credentials(credentials)
        await listener.next(Gap)
    assert refused.retry_in is None
    assert endpoint.state == "parked"


async def test_polybolt_is_dialled_again_after_it_was_drained():
    async with listening(POLYBOLT) as listener:
        listener.sandbox.live.drain()
        interrupted = await listener.next(Interrupted)
        gap = await listener.next(Gap)
    # A random wait in place of the backoff, and here chance takes the least.
    assert interrupted.retry_in == 0
    assert gap.filled


async def test_readers_of_one_feed_share_a_connection_and_filter_for_themselves():
    async with open_sandbox(SandboxConfig(rate=0, lifecycle=False)) as sandbox:
        token = sandbox.exchange.markets[0].token_ids[0]
        async with open_service(settings_of(sandbox)) as service:
            with (
                trio.fail_after(10),
                service.subscribe(ActivityTopic()) as all_trades,
                service.subscribe(ActivityTopic(market=sandbox.exchange.markets[0].slug)) as of_one,
                service.subscribe(ActivityTopic(market="another-market")) as of_none,
                service.subscribe(ActivityTopic(minimum_size=Decimal(20))) as big,
                service.subscribe(CommentTopic()) as remarks,
            ):
                await sandbox.wait_received(lambda frame: "comments" in frame.text)
                sandbox.exchange.trade(token, "BUY", "10")
                sandbox.exchange.trade(token, "BUY", "30")
                written = sandbox.live.comment("well", event_id=1)
                sandbox.live.react(written)
                said = [event async for event in until(remarks, Reaction)]
                heard = [
                    [e for e in events.receive_nowait() if isinstance(e, ActivityTrade)]
                    for events in (all_trades, of_one, of_none, big)
                ]
        assert sandbox.statistics().connections_total == 1
    assert heard[0] == heard[1]
    assert {event.asset_id for event in heard[0]} <= set(sandbox.exchange.markets[0].token_ids)
    assert heard[2] == []
    assert heard[3]
    assert all(event.size >= 20 for event in heard[3])
    assert [type(event) for event in said if isinstance(event, Comment | Reaction)] == [
        Comment,
        Reaction,
    ]


async def test_who_joins_late_begins_with_the_games_that_are_on_and_the_latest_price():
    async with listening(SPORTS) as listener:
        on = {game.game_id for game in listener.sandbox.live.games if not game.ended}
        seen: set[str] = set()
        while seen != on:
            seen.add((await listener.next(SportResult)).game_id)
        with listener.service.subscribe(SportsTopic()) as late:
            games = {e.game_id for e in late.receive_nowait() if isinstance(e, SportResult)}
    assert games == on
    async with listening(RTDS_PRICE) as listener:
        with listener.service.subscribe(RTDS_PRICE.topic) as late:
            (latest,) = [e for e in late.receive_nowait() if isinstance(e, ReferencePrice)]
    assert latest.price >= 70_000
