"""What the hub asks of the catalogue, remembers and forgets."""

from __future__ import annotations

import attrs
import pytest

from polymarket_realtime import (
    AssetId,
    ConditionId,
    Connected,
    EventTopic,
    Market,
    MarketCreated,
    MarketGroup,
    NewMarketTopic,
    Outcome,
)
from polymarket_realtime._hub.hub import Hub
from polymarket_realtime._hub.known import Known
from polymarket_realtime._venue.interest import Interest

EVENT = MarketGroup(id="1", slug="the-election", title="The election", markets=())


@attrs.define
class Watch:
    """Notes what it is asked for."""

    hints: int = 0
    followed: list[str] = attrs.field(factory=list)

    def hint_all(self) -> None:
        self.hints += 1

    def follow(self, slug, _markets) -> None:
        self.followed.append(slug)

    def unfollow(self, slug) -> None:
        self.followed.remove(slug)


def market(number: int) -> Market:
    return Market(
        condition_id=ConditionId(f"0x{number:064x}"),
        question=f"Question {number}?",
        slug=f"question-{number}",
        outcomes=(
            Outcome(AssetId(f"{2 * number}"), "Yes"),
            Outcome(AssetId(f"{2 * number + 1}"), "No"),
        ),
    )


def created(number: int) -> MarketCreated:
    new = market(number)
    return MarketCreated(
        received=0.0,
        market=new.condition_id,
        asset_ids=new.asset_ids,
        timestamp_ms=0,
        outcomes=("Yes", "No"),
        question=new.question,
        slug=new.slug,
        event_slug=EVENT.slug,
        event_title=EVENT.title,
    )


def follow(*markets: Market) -> EventTopic:
    return EventTopic(attrs.evolve(EVENT, markets=markets))


@pytest.fixture
async def watch():
    return Watch()


@pytest.fixture
async def hub(watch):
    return Hub(Known(), {"market": Interest()}, watch=watch)


@pytest.mark.parametrize(
    ("connection", "attempt", "hints"),
    [("market#0", 2, 1), ("market#0", 1, 0), ("sports#0", 2, 0)],
)
async def test_after_a_reconnect_of_the_market_channel_the_catalogue_is_asked(
    hub, watch, connection, attempt, hints
):
    hub.publish(Connected(received=0.0, connection=connection, asset_ids=(), attempt=attempt))
    assert watch.hints == hints


async def test_an_event_is_followed_until_its_last_reader_has_left(hub, watch):
    with hub.subscribe(follow(market(1))):
        with hub.subscribe(follow(market(1))):
            assert watch.followed == [EVENT.slug] * 2
        assert watch.followed == [EVENT.slug]
    assert watch.followed == []


async def test_the_latest_announcements_are_remembered_and_no_others(hub):
    for number in range(5000):
        hub.publish(created(number))
    hub.publish(created(4999))
    assert hub.statistics().repeated == 1
    hub.publish(created(0))
    assert hub.statistics().repeated == 1


async def test_what_joined_an_event_is_forgotten_with_its_last_reader(hub):
    with hub.subscribe(follow(market(1))):
        hub.publish(created(500))
    with hub.subscribe(follow(market(1))) as late:
        assert late.asset_ids == market(1).asset_ids


async def test_a_market_that_the_catalogue_lists_already_joins_once(hub):
    with hub.subscribe(follow(market(1))):
        hub.publish(created(500))
        with hub.subscribe(follow(market(1), market(500))) as late:
            (topic,) = [each for each in late.topics if isinstance(each, EventTopic)]
    assert len(topic.group.markets) == 2


async def test_the_counts_of_subscriptions_that_are_gone_stay(hub):
    with hub.subscribe(NewMarketTopic()) as events:
        hub.publish(created(1))
        assert events.receive_nowait()
    assert hub.statistics().delivered == 1
