"""Markets that are added to what one listens to, and markets that leave it."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
import trio

from polymarket_realtime import (
    AssetId,
    BookTopic,
    ConditionId,
    EventPrices,
    EventTopic,
    Market,
    MarketCreated,
    MarketGroup,
    MarketResolved,
    NewMarketTopic,
    Outcome,
    PriceChangeEvent,
    PriceTopic,
    ResolutionTopic,
    TradeTopic,
    open_service,
)
from polymarket_realtime.testing import MemoryVenue, make_book


def asset(number: int) -> AssetId:
    return AssetId(f"{number}" * 77)


def condition(number: int) -> ConditionId:
    return ConditionId("0x" + f"{number}" * 64)


def market(number: int, *, closed: bool = False) -> Market:
    """Number 1 has the tokens 1 and 2, number 3 the tokens 3 and 4, and so on."""
    return Market(
        condition_id=condition(number),
        question=f"Question {number}?",
        slug=f"question-{number}",
        label=f"Candidate {number}",
        outcomes=(Outcome(asset(number), "Yes"), Outcome(asset(number + 1), "No")),
        closed=closed,
    )


ELECTION = MarketGroup(
    id="1", slug="the-election", title="The election", markets=(market(1), market(3))
)


def new_market(number: int, *, event: str = "the-election", tags=()) -> dict:
    return {
        "event_type": "new_market",
        "id": str(number),
        "market": condition(number),
        "assets_ids": [asset(number), asset(number + 1)],
        "outcomes": ["Yes", "No"],
        "question": f"Question {number}?\u001b[31m",
        "slug": f"question-{number}",
        "group_item_title": f"Candidate {number}",
        "event_message": {"slug": event, "title": "The election"},
        "tags": list(tags),
        "timestamp": "1700000000000",
    }


def resolved(number: int, winner: int) -> dict:
    return {
        "event_type": "market_resolved",
        "market": condition(number),
        "assets_ids": [asset(number), asset(number + 1)],
        "winning_asset_id": asset(winner),
        "winning_outcome": "Yes" if winner == number else "No",
        "timestamp": "1700000000001",
    }


def book(number: int, bid: str, ask: str) -> dict:
    return make_book(asset(number), bids=[(bid, "10")], asks=[(ask, "10")])


@pytest.fixture
async def venue():
    return MemoryVenue()


@pytest.fixture
async def service(venue):
    async with open_service(open_stream=venue.open_stream) as service:
        yield service


async def accept(venue):
    connection = await venue.accept()
    await connection.next_frame()
    return connection


async def settle():
    await trio.testing.wait_all_tasks_blocked()


def of_kind(events, cls):
    return [each for each in events if isinstance(each, cls)]


async def test_an_event_shows_each_outcomes_price_and_their_sum(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42"), book(3, "0.58", "0.60")])
        await settle()
        (view,) = of_kind(events.receive_nowait(), EventPrices)
    assert (view.event, view.title, view.total) == ("the-election", "The election", Decimal("1.00"))
    assert [(line.label, line.price) for line in view.outcomes] == [
        ("Candidate 1", Decimal("0.41")),
        ("Candidate 3", Decimal("0.59")),
    ]


async def test_an_event_of_one_market_shows_all_its_outcomes(venue, service):
    one = Market(
        condition_id=condition(1),
        question="Up or down?",
        slug="up-or-down",
        outcomes=(Outcome(asset(1), "Up"), Outcome(asset(2), "Down")),
    )
    group = MarketGroup(id="2", slug="up-or-down", title="Up or down?", markets=(one,))
    with service.subscribe(EventTopic(group)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42"), book(2, "0.58", "0.60")])
        await settle()
        (view,) = of_kind(events.receive_nowait(), EventPrices)
    assert [line.label for line in view.outcomes] == ["Up", "Down"]


async def test_a_price_that_is_not_known_leaves_the_sum_open(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42")])
        await settle()
        (view,) = of_kind(events.receive_nowait(), EventPrices)
    assert [line.price for line in view.outcomes] == [Decimal("0.41"), None]
    assert view.total is None


async def test_a_market_that_is_added_to_the_event_is_told_and_joined(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42"), book(3, "0.28", "0.30")], new_market(5))
        await settle()
        assert await connection.next_frame() == {
            "operation": "subscribe",
            "assets_ids": [asset(5), asset(6)],
            "custom_feature_enabled": True,
        }
        connection.say(book(5, "0.29", "0.31"))
        await settle()
        told = events.receive_nowait()
    (created,) = of_kind(told, MarketCreated)
    assert created.question == "Question 5? [31m"
    price = of_kind(told, PriceChangeEvent)[-1]
    assert (price.asset_id, price.outcome) == (asset(5), "Yes")
    view = of_kind(told, EventPrices)[-1]
    assert [line.label for line in view.outcomes] == ["Candidate 1", "Candidate 3", "Candidate 5"]
    assert view.total == Decimal("1.00")


async def test_markets_of_other_events_do_not_join(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say(new_market(5, event="another-event"))
        await settle()
        assert of_kind(events.receive_nowait(), MarketCreated) == []
        assert asset(5) not in events.asset_ids


async def test_a_settled_market_leaves_the_event_and_the_connection(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42"), book(3, "0.58", "0.60")], resolved(1, winner=2))
        await settle()
        told = events.receive_nowait()
        assert await connection.next_frame() == {
            "operation": "unsubscribe",
            "assets_ids": [asset(1), asset(2)],
        }
        assert events.asset_ids == (asset(3), asset(4))
    (settlement,) = of_kind(told, MarketResolved)
    assert (settlement.winning_outcome, settlement.payouts) == ("No", (0, 1))
    assert [line.label for line in of_kind(told, EventPrices)[-1].outcomes] == ["Candidate 3"]


async def test_a_followed_event_ends_with_its_last_market(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say(resolved(1, winner=1), resolved(3, winner=4))
        with trio.fail_after(5):
            told = [event async for event in events]
    assert [each.market for each in of_kind(told, MarketResolved)] == [condition(1), condition(3)]
    await settle()
    assert connection.closed


@pytest.mark.parametrize("topic", [PriceTopic, BookTopic, ResolutionTopic])
async def test_a_subscription_ends_with_the_settlement_of_its_market(venue, service, topic):
    with service.subscribe(topic(asset(1)), topic(asset(2))) as events:
        connection = await accept(venue)
        connection.say(resolved(1, winner=1), resolved(1, winner=1))
        with trio.fail_after(5):
            told = [event async for event in events]
    assert of_kind(told, MarketResolved) == [told[-1]]
    assert events.finished


async def test_a_subscription_to_two_markets_goes_on_with_the_other(venue, service):
    with service.subscribe(PriceTopic(asset(1)), PriceTopic(asset(3))) as events:
        connection = await accept(venue)
        connection.say(resolved(1, winner=1), book(3, "0.20", "0.22"))
        await settle()
        told = events.receive_nowait()
        assert not events.finished
    price, live = told[-2:]
    assert isinstance(price, PriceChangeEvent)
    assert (live.type, live.asset_id, live.state) == ("state_changed", asset(3), "live")


async def test_who_comes_after_the_settlement_hears_of_it_and_dials_nothing(venue, service):
    with service.subscribe(PriceTopic(asset(1))) as first:
        connection = await accept(venue)
        connection.say(resolved(1, winner=1))
        with trio.fail_after(5):
            early = [event async for event in first]
    with service.subscribe(ResolutionTopic(asset(2)), ResolutionTopic(asset(1))) as late:
        with trio.fail_after(5):
            told = [event async for event in late]
    assert told == of_kind(early, MarketResolved)
    assert len(venue.dials) == 1


async def test_a_second_reader_of_the_same_market_hears_of_its_end_as_well(venue, service):
    with (
        service.subscribe(PriceTopic(asset(1))) as one,
        service.subscribe(ResolutionTopic(asset(2))) as other,
    ):
        connection = await accept(venue)
        connection.say(resolved(1, winner=1))
        with trio.fail_after(5):
            ends = [[event async for event in events][-1] for events in (one, other)]
    assert ends[0] is ends[1]


@pytest.mark.parametrize(
    ("topic", "heard"),
    [
        (NewMarketTopic(), ["Question 5?", "Question 7?"]),
        (NewMarketTopic(tag="crypto"), ["Question 5?"]),
        (NewMarketTopic(words="question 7"), ["Question 7?"]),
        (NewMarketTopic(words="ELECTION 5"), ["Question 5?"]),
        (NewMarketTopic(tag="sports"), []),
    ],
)
async def test_new_markets_can_be_filtered(venue, service, topic, heard):
    with service.subscribe(topic) as events:
        connection = await accept(venue)
        connection.say(new_market(5, tags=["Crypto"]), new_market(7), new_market(7))
        await settle()
        told = of_kind(events.receive_nowait(), MarketCreated)
    assert [event.question.partition(" [")[0] for event in told] == heard


async def test_who_follows_an_event_late_has_the_markets_that_joined_before(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as first:
        connection = await accept(venue)
        connection.say(new_market(5))
        await settle()
        # The catalogue's answer is a minute old, and does not list the newcomer.
        with service.subscribe(EventTopic(ELECTION)) as second:
            assert second.asset_ids == first.asset_ids
            connection.say(resolved(5, winner=6))
            await settle()
            assert of_kind(second.receive_nowait(), MarketResolved)
        with service.subscribe(EventTopic(ELECTION)) as third:
            assert asset(5) not in third.asset_ids
            assert of_kind(third.receive_nowait(), MarketResolved) == []


async def test_a_market_known_as_settled_is_told_and_left_out_of_the_event(venue, service):
    with service.subscribe(PriceTopic(asset(1)), PriceTopic(asset(3))) as events:
        connection = await accept(venue)
        connection.say(resolved(1, winner=1), book(3, "0.58", "0.60"))
        await settle()
        events.receive_nowait()
        with service.subscribe(EventTopic(ELECTION)) as late:
            await settle()
            told = late.receive_nowait()
            assert [each.market for each in of_kind(told, MarketResolved)] == [condition(1)]
            connection.say(book(4, "0.40", "0.42"), resolved(3, winner=4))
            with trio.fail_after(5):
                rest = [event async for event in late]
    assert [each.market for each in of_kind(rest, MarketResolved)] == [condition(3)]


async def test_an_event_whose_markets_are_all_known_as_settled_ends_at_once(venue, service):
    with service.subscribe(PriceTopic(asset(1)), PriceTopic(asset(3))) as events:
        connection = await accept(venue)
        connection.say(resolved(1, winner=1), resolved(3, winner=4))
        with trio.fail_after(5):
            assert [event async for event in events]
    with service.subscribe(EventTopic(ELECTION)) as late, trio.fail_after(5):
        told = [event async for event in late]
    assert {each.market for each in of_kind(told, MarketResolved)} == {condition(1), condition(3)}


async def test_an_announcement_from_before_is_told_again_to_who_follows_the_event_since(
    venue, service
):
    with service.subscribe(NewMarketTopic()) as everything:
        connection = await accept(venue)
        connection.say(new_market(5))
        await settle()
        assert len(of_kind(everything.receive_nowait(), MarketCreated)) == 1
        with service.subscribe(EventTopic(ELECTION)) as events:
            # By another connection, or by the catalogue.
            connection.say(new_market(5), new_market(5))
            await settle()
            assert len(of_kind(events.receive_nowait(), MarketCreated)) == 1
            assert asset(5) in events.asset_ids
            connection.say(resolved(5, winner=5), new_market(5))
            await settle()
            assert of_kind(events.receive_nowait(), MarketCreated) == []
            assert asset(5) not in events.asset_ids
        assert of_kind(everything.receive_nowait(), MarketCreated) == []


async def test_an_announcement_without_tokens_does_not_swallow_the_settlement(venue, service):
    with service.subscribe(ResolutionTopic(asset(1))) as events:
        connection = await accept(venue)
        connection.say({**resolved(1, winner=1), "assets_ids": []}, resolved(1, winner=1))
        with trio.fail_after(5):
            assert len(of_kind([event async for event in events], MarketResolved)) == 1


async def test_a_condition_id_in_other_letters_is_the_same_market(venue, service):
    one = attrs.evolve(market(1), condition_id=ConditionId("0x" + "ab" * 32))
    group = attrs.evolve(ELECTION, markets=(one,))
    with service.subscribe(EventTopic(group)) as events:
        connection = await accept(venue)
        connection.say({**resolved(1, winner=2), "market": "0x" + "AB" * 32})
        with trio.fail_after(5):
            assert of_kind([event async for event in events], MarketResolved)


async def test_an_event_that_is_over_ends_at_once(service):
    over = attrs.evolve(ELECTION, markets=(market(1, closed=True), market(3, closed=True)))
    with service.subscribe(EventTopic(over)) as events, trio.fail_after(5):
        assert [event async for event in events] == []


async def test_the_sum_means_nothing_once_an_outcome_has_won(venue, service):
    with service.subscribe(EventTopic(ELECTION)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42"), book(3, "0.58", "0.60")], resolved(1, winner=1))
        await settle()
        view = of_kind(events.receive_nowait(), EventPrices)[-1]
    assert [line.price for line in view.outcomes] == [Decimal("0.59")]
    assert (view.decided, view.total) == (True, None)


@pytest.mark.parametrize("each", [ResolutionTopic(asset(9)), TradeTopic(asset(9))])
async def test_who_hears_no_prices_of_the_tokens_is_not_shown_old_ones(venue, service, each):
    with service.subscribe(EventTopic(ELECTION, each)) as events:
        connection = await accept(venue)
        connection.say([book(1, "0.40", "0.42"), book(3, "0.58", "0.60")], resolved(1, winner=1))
        await settle()
        assert of_kind(events.receive_nowait(), EventPrices) == []


async def test_books_move_the_prices_of_an_event_as_well(venue, service):
    with service.subscribe(EventTopic(ELECTION, BookTopic(asset(9), 3))) as events:
        connection = await accept(venue)
        for bid in ("0.40", "0.41"):
            connection.say([book(1, bid, "0.42"), book(3, "0.58", "0.60")])
            await settle()
            assert of_kind(events.receive_nowait(), EventPrices)


@pytest.mark.parametrize("capacity", [0, -1])
async def test_a_capacity_of_nothing_is_refused(service, capacity):
    with pytest.raises(ValueError, match="capacity"):
        service.subscribe(PriceTopic(asset(1)), capacity=capacity)


async def test_markets_that_joined_an_event_during_a_suspension_are_asked_about(autojump_clock):
    venue = MemoryVenue()
    tokens = [{"Yes": asset(n), "No": asset(n + 1)} for n in (1, 3)]
    venue.list_market("Question 1?", tokens[0], event_slug="the-election")
    async with open_service(open_stream=venue.open_stream, transport=venue.transport) as service:
        (group,) = (await service.look_up(["event/the-election"])).groups
        with service.subscribe(EventTopic(group)) as events:
            await trio.sleep(60)
            await service.suspend()
            venue.list_market("Question 3?", tokens[1], event_slug="the-election")
            service.resume()
            with trio.fail_after(60):
                while not of_kind(await events.receive_batch(), MarketCreated):
                    pass


async def test_an_announcement_of_one_token_reaches_who_listens_to_the_other(autojump_clock):
    venue = MemoryVenue()
    listed = venue.list_market("Question 1?", {"Yes": asset(1), "No": asset(2)})
    async with open_service(open_stream=venue.open_stream, transport=venue.transport) as service:
        with service.subscribe(ResolutionTopic(asset(2))) as events, trio.fail_after(60):
            connection = await venue.accept()
            await trio.sleep(1)
            half = resolved(1, winner=1) | {"assets_ids": [asset(1)]}
            connection.say(half | {"market": listed.condition_id})
            (settlement,) = of_kind([event async for event in events], MarketResolved)
    assert settlement.asset_ids == (asset(1), asset(2))
